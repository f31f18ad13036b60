"""Roles whose other end is missing: a connection that would be needed and leads to nobody. Pure."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from broker.flow.addresses import Network, read_network
from broker.flow.roles import RoleKind, hosts_with
from broker.flow.site import is_on_this_machine, pools_of
from broker.network_settings import PORTAL_ENTRANCE, ServiceListenerSettings
from broker.policy.checking import RuleRefusal
from broker.settings import SiteSettings


def refusals_of_peers(settings: SiteSettings) -> list[RuleRefusal]:
    """Ends that are missing."""
    found: list[RuleRefusal] = []
    if not hosts_with(settings.hosts, RoleKind.BROKER):
        found.append(RuleRefusal("$.hosts", "no host has the role broker"))
    return [
        *found,
        *_peers(settings),
        *_listeners(settings),
        *_sources(settings),
        *_guacd(settings),
        *_entrances(settings),
        *_local_pools(settings),
    ]


def _peers(settings: SiteSettings) -> Iterator[RuleRefusal]:
    for role, peers in ((RoleKind.GATEWAY, settings.wire.gateways), (RoleKind.AGENT, settings.wire.agents)):
        for peer in peers:
            path, hosts = f"$.wire.{role}s.{peer.id}", hosts_with(settings.hosts, role, peer.id)
            if not hosts:
                yield RuleRefusal(path, f"no host has the role {role}:{peer.id}")
            if len(hosts) > 1:
                names = " and ".join(host.id for host in hosts)
                yield RuleRefusal(path, f"{names} both have the role {role}:{peer.id}; a {role} runs on one host")


def _listeners(settings: SiteSettings) -> Iterator[RuleRefusal]:
    """A listener that other hosts have to reach, and can't."""
    broker = {host.id for host in hosts_with(settings.hosts, RoleKind.BROKER)}
    dialling = [host for role in (RoleKind.GATEWAY, RoleKind.AGENT) for host in hosts_with(settings.hosts, role)]
    proxies = [host for one in settings.entrances for host in hosts_with(settings.hosts, RoleKind.ENTRANCE, one.id)]
    for name, dialler in (("wire", dialling), ("entrance_listener", proxies)):
        listener: ServiceListenerSettings = getattr(settings, name)
        others = sorted({host.id for host in dialler if broker != {host.id}})
        if others and (not listener.port or is_on_this_machine(listener.host)):
            why = f"{', '.join(others)} dial the broker from other hosts: it needs an address, port and certificates"
            yield RuleRefusal(f"$.{name}.host", why)
    if hosts_with(settings.hosts, RoleKind.ENTRANCE, PORTAL_ENTRANCE) and is_on_this_machine(settings.portal_host):
        yield RuleRefusal("$.portal.host", f"people on other machines can't reach {settings.portal_host}")


def _sources(settings: SiteSettings) -> Iterator[RuleRefusal]:
    """An entrance knows addresses that the packet filter would keep from it."""
    networks = {network.entrance: network for network in settings.client_networks}
    for entrance in settings.entrances:
        clients = networks.get(entrance.id)
        if clients is None or clients.anywhere:
            continue
        let_in = [one for text in clients.ranges if (one := read_network(text)) is not None]
        for text in (text for source in entrance.sources for text in source.ranges):
            source = read_network(text)
            if source is not None and not any(_is_within(source, one) for one in let_in):
                why = f"the entrance has {text} among its sources, which these ranges do not contain"
                yield RuleRefusal(f"$.client_networks.{entrance.id}.ranges", why)


def _is_within(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)


def _guacd(settings: SiteSettings) -> Iterator[RuleRefusal]:
    served = {zone for peer in settings.wire.gateways for zone in peer.zones}
    for peer in settings.wire.gateways:
        for zone in sorted(set(peer.zones)):
            if not hosts_with(settings.hosts, RoleKind.GUACD, zone):
                path = f"$.wire.gateways.{peer.id}.zones"
                yield RuleRefusal(path, f"it serves {zone}, but no host has the role guacd:{zone}")
    for host in hosts_with(settings.hosts, RoleKind.GUACD):
        for text in host.roles:
            word, _, zone = text.partition(":")
            if word == RoleKind.GUACD and zone not in served:
                yield RuleRefusal(f"$.hosts.{host.id}.roles", f"{text}: no gateway serves that zone")


def _entrances(settings: SiteSettings) -> Iterator[RuleRefusal]:
    with_clients = {network.entrance for network in settings.client_networks}
    served = {peer.entrance for peer in settings.wire.gateways}
    for host in hosts_with(settings.hosts, RoleKind.ENTRANCE):
        for text in host.roles:
            word, _, entrance = text.partition(":")
            if word != RoleKind.ENTRANCE:
                continue
            path = f"$.hosts.{host.id}.roles"
            if entrance not in with_clients:
                yield RuleRefusal(path, f"{text}: no [[client_networks]] say who comes in there")
            if entrance not in served:
                yield RuleRefusal(path, f"{text}: no gateway takes its tunnels")
    for entrance in sorted(with_clients):
        if not hosts_with(settings.hosts, RoleKind.ENTRANCE, entrance):
            yield RuleRefusal(f"$.client_networks.{entrance}", f"no host has the role entrance:{entrance}")
    for peer in settings.wire.gateways:
        if not hosts_with(settings.hosts, RoleKind.ENTRANCE, peer.entrance):
            path = f"$.wire.gateways.{peer.id}.entrance"
            yield RuleRefusal(path, f"no host has the role entrance:{peer.entrance}")


def _local_pools(settings: SiteSettings) -> Iterator[RuleRefusal]:
    """Local desktops listen on sockets of their host, where the zone's guacd has to be too."""
    for owned in pools_of(settings):
        if owned.pool.provider != "local":
            continue
        zone = owned.pool.zone
        agents = [peer.id for peer in settings.wire.agents if zone in peer.zones]
        carriers = [host.id for agent in agents for host in hosts_with(settings.hosts, RoleKind.AGENT, agent)]
        guacd = {host.id for host in hosts_with(settings.hosts, RoleKind.GUACD, zone)}
        if not guacd.intersection(carriers):
            why = f"its desktops are local: a host needs both guacd:{zone} and the role of an agent that serves {zone}"
            yield RuleRefusal(f"$.{owned.path}.provider", why)
