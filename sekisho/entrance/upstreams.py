"""Where an entrance's proxy finds brokers and gateways: in its own settings, or among the site's hosts. Pure."""

from collections.abc import Iterator, Sequence

import msgspec

from broker.errors import ConfigurationError
from broker.flow.roles import RoleKind, hosts_with
from broker.model.flow_settings import HostSettings
from broker.model.service_name import ANY_BROKER, ServiceKind, ServiceName
from broker.network_settings import EntranceSettings
from broker.settings import SiteSettings


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """A server that the proxy dials: a word for logs, ``address:port``, and the name in its certificate."""

    word: str
    place: str
    certificate_name: str


def find_brokers(settings: SiteSettings, entrance: EntranceSettings) -> list[Upstream]:
    """Raises :class:`ConfigurationError` when there is none."""
    places = entrance.proxy.brokers or [
        _join(address, settings.entrance_listener.port)
        for host in hosts_with(settings.hosts, RoleKind.BROKER)
        for address in host.addresses
    ]
    if not places:
        raise ConfigurationError(
            f"$.entrances.{entrance.id}.proxy.brokers: name them, or give hosts of [[hosts]] the role 'broker'"
        )
    return [
        Upstream(word=f"broker-{number}", place=place, certificate_name=ANY_BROKER)
        for number, place in enumerate(places, start=1)
    ]


def find_gateways(settings: SiteSettings, entrance: EntranceSettings) -> list[Upstream]:
    """Those whose peer settings name this entrance. Raises :class:`ConfigurationError` when there is none."""
    own = [peer.id for peer in settings.wire.gateways if peer.entrance == entrance.id]
    if foreign := sorted(entrance.proxy.gateways.keys() - set(own)):
        raise ConfigurationError(
            f"$.entrances.{entrance.id}.proxy.gateways: [[wire.gateways]] has no {foreign[0]} of this entrance"
        )
    placed = entrance.proxy.gateways or dict(_hosts_of(settings.hosts, own))
    if not placed:
        raise ConfigurationError(
            f"$.entrances.{entrance.id}.proxy.gateways: name them, or give hosts of [[hosts]] the role 'gateway:<id>'"
        )
    return [
        Upstream(word=name, place=place, certificate_name=ServiceName(ServiceKind.GATEWAY, name).as_hostname())
        for name, place in sorted(placed.items())
    ]


def _hosts_of(hosts: Sequence[HostSettings], gateways: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in gateways:
        for host in hosts_with(hosts, RoleKind.GATEWAY, name):
            yield name, _join(host.addresses[0], host.ports.tunnel)


def _join(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
