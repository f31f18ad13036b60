"""Passkey rules of each tenant, from the settings: names and origins are the site's word, never a client's."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from broker.errors import ConfigurationError
from broker.model.ids import TenantId
from broker.model.passkeys import PasskeyRules
from broker.settings import SiteSettings, TenantSettings

_AAGUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOBODYS: Final = "00000000-0000-0000-0000-000000000000"


def passkey_rules(settings: SiteSettings) -> Mapping[TenantId, PasskeyRules]:
    """Of every tenant. Raises :class:`ConfigurationError` with the path of what can't be."""
    found = {TenantId(tenant.id): _rules_of(settings, index) for index, tenant in enumerate(settings.tenants)}
    return MappingProxyType(found)


def _rules_of(settings: SiteSettings, index: int) -> PasskeyRules:
    tenant, path = settings.tenants[index], f"$.tenants[{index}]"
    return PasskeyRules(
        name=tenant.name_ja,
        origins=MappingProxyType({host: frozenset(_origins(settings, host)) for host in _hostnames(tenant)}),
        rp_id=_read_rp_id(tenant, f"{path}.passkey_rp_id"),
        must_verify_user=tenant.passkey_user_verification == "required",
        aaguids=frozenset(_read_aaguids(tenant, f"{path}.passkey_aaguids")),
        required_roles=frozenset(tenant.passkey_required_roles),
    )


def _hostnames(tenant: TenantSettings) -> list[str]:
    return [hostname.lower() for hostname in tenant.hostnames]


def _origins(settings: SiteSettings, hostname: str) -> Iterator[str]:
    """Of every entrance that serves this name. The broker's own listener serves any tenant's name, at its own port."""
    if settings.portal_host:
        yield _origin(settings.portal.public_url, hostname)
    for entrance in settings.entrances:
        if urlsplit(entrance.public_url).hostname == hostname:
            yield _origin(entrance.public_url, hostname)


def _origin(public_url: str, hostname: str) -> str:
    """An origin as browsers write it (RFC 6454, section 6.2): without the port that the scheme has anyway."""
    url = urlsplit(public_url)
    usual = {"https": 443, "http": 80}.get(url.scheme)
    port = "" if url.port in {None, usual} else f":{url.port}"
    return f"{url.scheme}://{hostname}{port}"


def _read_rp_id(tenant: TenantSettings, path: str) -> str:
    rp_id = tenant.passkey_rp_id.lower()
    if not rp_id:
        return ""
    if _is_address(rp_id):
        raise ConfigurationError(f"{path}: an address is no name; browsers make passkeys for names alone")
    for hostname in _hostnames(tenant):
        if hostname != rp_id and not hostname.endswith(f".{rp_id}"):
            raise ConfigurationError(f"{path}: the host name {hostname!r} does not end in .{rp_id}")
    return rp_id


def _read_aaguids(tenant: TenantSettings, path: str) -> Iterator[str]:
    for number, aaguid in enumerate(tenant.passkey_aaguids):
        if not _AAGUID.fullmatch(aaguid.lower()) or aaguid == _NOBODYS:
            raise ConfigurationError(f"{path}[{number}]: {aaguid!r} is no AAGUID (8-4-4-4-12 hexadecimal digits)")
        yield aaguid.lower()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
