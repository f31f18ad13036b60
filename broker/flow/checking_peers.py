"""Roles whose other end is missing: a connection that would be needed and leads to nobody. Pure."""

from collections.abc import Iterator

from broker.flow.roles import RoleKind, hosts_with
from broker.flow.site import pools_of
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
        *_wire_port(settings),
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


def _wire_port(settings: SiteSettings) -> Iterator[RuleRefusal]:
    """Without a port the wire is a socket of the broker's own host."""
    if settings.wire.port:
        return
    brokers = {host.id for host in hosts_with(settings.hosts, RoleKind.BROKER)}
    for role in (RoleKind.GATEWAY, RoleKind.AGENT):
        for host in hosts_with(settings.hosts, role):
            if brokers != {host.id}:
                why = f"the {role} on {host.id} has to dial the broker: the wire needs host, port and certificates"
                yield RuleRefusal("$.wire.port", why)


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
