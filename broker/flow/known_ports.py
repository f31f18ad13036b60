"""Ports and host names that other settings hold."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from broker.directory_settings import LdapSettings
from broker.model.flow_settings import HostSettings
from broker.model.kinds import DesktopProtocol
from broker.model.pool_settings import PoolSettings
from broker.network_settings import EntranceSettings
from broker.settings import SiteSettings, TenantSettings

_BY_SCHEME: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443, "ldap": 389, "ldaps": 636}
_BY_PROTOCOL: Final = {DesktopProtocol.VNC: 5900, DesktopProtocol.RDP: 3389}
_POSTGRESQL: Final = 5432


class Place(msgspec.Struct, frozen=True):
    """A host as a URL names it, and the port that is dialled."""

    host: str
    port: int


def read_url(url: str, default_port: int | None = None) -> Place | None:
    """``None`` for a URL without a host or without a port that is known."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    port = port or _BY_SCHEME.get(parts.scheme, default_port)
    return Place(host, port) if host and port else None


def read_place(text: str) -> Place | None:
    """From ``address:port``; an IPv6 address in brackets."""
    return read_url(f"//{text}")


def entrance_ports(entrance: EntranceSettings) -> list[int]:
    """Where its proxy takes TLS. Its plain listener only sends browsers on, which nobody needs."""
    ports = {int(place.rpartition(":")[2]) for place in entrance.proxy.listen}
    return sorted(port for port in ports if 0 < port < 65_536)


def directory_places(tenant: TenantSettings) -> list[tuple[str, Place | None]]:
    """Each server of the tenant's directories, with the path of its setting."""
    path = f"tenants.{tenant.id}"
    several = [(f"{path}.directories[{index}]", each) for index, each in enumerate(tenant.directories)]
    single = [(f"{path}.directory", tenant.directory)] if tenant.directory else []
    return [place for where, directory in (*single, *several) for place in _server_places(where, directory)]


def _server_places(path: str, directory: LdapSettings) -> list[tuple[str, Place | None]]:
    further = [(f"{path}.further_urls[{index}]", url) for index, url in enumerate(directory.further_urls)]
    return [(setting, read_url(url)) for setting, url in ((f"{path}.url", directory.url), *further)]


def database_place(settings: SiteSettings) -> Place | None:
    """``None`` when the URL is in a file, names a socket, or a database on disk."""
    url = settings.database.url
    return read_url(url, _POSTGRESQL) if url.startswith("postgres") else None


def database_port(settings: SiteSettings, host: HostSettings) -> int:
    place = database_place(settings)
    return host.ports.database or (place.port if place else _POSTGRESQL)


def desktop_port(host: HostSettings, pool: PoolSettings) -> int:
    return host.ports.desktop or _BY_PROTOCOL[pool.protocol]
