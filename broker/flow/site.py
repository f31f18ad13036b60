"""A site's hosts, looked up by what other settings call them."""

from collections.abc import Iterator
from typing import Final

import msgspec

from broker.flow.addresses import public_ranges, read_address, sorted_ranges
from broker.flow.known_ports import desktop_port
from broker.flow.records import Side
from broker.flow.roles import RoleKind, hosts_with, read_role
from broker.model.flow_settings import HostSettings
from broker.model.pool_settings import PoolSettings
from broker.settings import SiteSettings, TenantSettings

INTERNET: Final = "internet"
"""In further flows: every public address that is none of the site's own."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where desktops of a pool listen. ``is_registered``: the pool's settings name it, and the broker looks at it."""

    side: Side
    port: int
    setting: str
    is_registered: bool


class OwnedPool(msgspec.Struct, frozen=True):
    tenant: TenantSettings
    pool: PoolSettings

    @property
    def path(self) -> str:
        return f"tenants.{self.tenant.id}.pools.{self.pool.id}"


def side_of(host: HostSettings) -> Side:
    return Side(name=host.id, host_id=host.id, addresses=sorted_ranges(host.addresses), zone=host.zone)


def find_hosts(settings: SiteSettings, name: str) -> list[HostSettings]:
    """Hosts that have this id, name or address; a name may stand for several (replicas)."""
    address = read_address(name)
    if address is not None:
        return [host for host in settings.hosts if address in map(read_address, host.addresses)]
    wanted = name.casefold()
    return [host for host in settings.hosts if wanted in {host.id, *(name.casefold() for name in host.names)}]


def is_on_this_machine(name: str) -> bool:
    """A name or address that never leaves the host that uses it."""
    address = read_address(name)
    return name.casefold() == "localhost" if address is None else address.is_loopback


def gateways_of(settings: SiteSettings, entrance_id: str) -> list[HostSettings]:
    """Hosts of the gateways that take the tunnels of an entrance."""
    peers = [peer.id for peer in settings.wire.gateways if peer.entrance == entrance_id]
    return [host for peer_id in peers for host in hosts_with(settings.hosts, RoleKind.GATEWAY, peer_id)]


def pools_of(settings: SiteSettings) -> Iterator[OwnedPool]:
    for tenant in settings.tenants:
        for pool in tenant.pools:
            yield OwnedPool(tenant, pool)


def pools_named(settings: SiteSettings, subject: str) -> list[OwnedPool]:
    """Pools behind ``desktops:<subject>``: a pool's id, or tenant and pool where two tenants have one of that id."""
    return [owned for owned in pools_of(settings) if subject in {owned.pool.id, f"{owned.tenant.id}/{owned.pool.id}"}]


def endpoints_of(settings: SiteSettings, owned: OwnedPool) -> Iterator[Endpoint]:
    """Registered desktops, and hosts that carry desktops of the pool."""
    path = f"{owned.path}.desktops"
    strangers: dict[int, list[str]] = {}
    known: set[str] = set()
    for desktop in owned.pool.desktops:
        hosts = find_hosts(settings, desktop.host)
        known |= {host.id for host in hosts}
        for host in hosts:
            yield Endpoint(side=side_of(host), port=desktop.port, setting=path, is_registered=True)
        if not hosts and read_address(desktop.host) is not None and not is_on_this_machine(desktop.host):
            strangers.setdefault(desktop.port, []).append(desktop.host)
    name = f"desktops:{owned.tenant.id}/{owned.pool.id}"
    for port, addresses in strangers.items():
        side = Side(name=name, addresses=sorted_ranges(addresses), zone=owned.pool.zone)
        yield Endpoint(side=side, port=port, setting=path, is_registered=True)
    for host in _carriers(settings, owned):
        if host.id not in known:
            port = desktop_port(host, owned.pool)
            yield Endpoint(side=side_of(host), port=port, setting=f"hosts.{host.id}.roles", is_registered=False)


def _carriers(settings: SiteSettings, owned: OwnedPool) -> list[HostSettings]:
    subjects = {owned.pool.id, f"{owned.tenant.id}/{owned.pool.id}"}
    return [host for subject in sorted(subjects) for host in hosts_with(settings.hosts, RoleKind.DESKTOPS, subject)]


def further_sides(settings: SiteSettings, words: list[str]) -> list[Side]:
    """What the words of a further flow stand for; words that stand for nothing are left out."""
    found: dict[str, Side] = {}
    for word in words:
        for side in _sides_of_word(settings, word):
            found.setdefault(side.name, side)
    return list(found.values())


def _sides_of_word(settings: SiteSettings, word: str) -> list[Side]:
    if word == INTERNET:
        return [_internet(settings)]
    if word == "*":
        return [side_of(host) for host in settings.hosts]
    if hosts := [host for host in settings.hosts if host.id == word]:
        return [side_of(host) for host in hosts]
    if (role := read_role(word)) is not None:
        return [side_of(host) for host in hosts_with(settings.hosts, role.kind, role.subject)]
    if word in set(RoleKind):
        return [side_of(host) for host in hosts_with(settings.hosts, RoleKind(word))]
    if hosts := find_hosts(settings, word):
        return [side_of(host) for host in hosts]
    ranges = sorted_ranges([word])
    return [Side(name=ranges[0], addresses=ranges)] if ranges else []


def _internet(settings: SiteSettings) -> Side:
    own = [address for host in settings.hosts for address in host.addresses]
    clients = [text for network in settings.client_networks for text in network.ranges]
    return Side(name=INTERNET, addresses=public_ranges([*own, *clients]))
