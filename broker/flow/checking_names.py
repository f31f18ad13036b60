"""Hosts that settings call by a name, and roles for what nobody knows. Pure."""

from collections.abc import Iterator, Sequence

from broker.flow.addresses import read_address
from broker.flow.known_ports import database_place, directory_places, read_place
from broker.flow.roles import HostRole, RoleKind, hosts_with, read_role, roles_of
from broker.flow.site import find_hosts, is_on_this_machine, pools_named, pools_of
from broker.model.flow_settings import HostSettings
from broker.network_settings import PORTAL_ENTRANCE
from broker.policy.checking import RuleRefusal
from broker.settings import SiteSettings

_NAME_IT = "a packet filter needs addresses: add a host with this among its names, or write the address"


def refusals_of_names(settings: SiteSettings) -> list[RuleRefusal]:
    """Words that lead nowhere."""
    return [
        *_roles(settings),
        *_host_names(settings),
        *_directories(settings),
        *_database(settings),
        *_desktops(settings),
        *_upstreams(settings),
    ]


def _roles(settings: SiteSettings) -> Iterator[RuleRefusal]:
    for host in settings.hosts:
        for text in host.roles:
            path, role = f"$.hosts.{host.id}.roles", read_role(text)
            if role is None:
                yield RuleRefusal(path, f"{text!r} is no role; known are {', '.join(RoleKind)}, with : and a name")
            elif (why := _refuse_subject(settings, host, role)) is not None:
                yield RuleRefusal(path, f"{text}: {why}")


def _refuse_subject(settings: SiteSettings, host: HostSettings, role: HostRole) -> str | None:
    zones = {zone.id for tenant in settings.tenants for zone in tenant.zones}
    match role.kind:
        case RoleKind.DIRECTORY if role.subject not in {tenant.id for tenant in settings.tenants}:
            return "there is no such tenant"
        case RoleKind.GATEWAY if role.subject not in {peer.id for peer in settings.wire.gateways}:
            return "there is no such gateway in [[wire.gateways]]"
        case RoleKind.AGENT if role.subject not in {peer.id for peer in settings.wire.agents}:
            return "there is no such agent in [[wire.agents]]"
        case RoleKind.ENTRANCE:
            return _refuse_entrance(settings, host, role.subject)
        case RoleKind.GUACD if role.subject not in zones:
            return "there is no such zone"
        case RoleKind.GUACD if host.zone in zones and host.zone != role.subject:
            return f"the host stands in the zone {host.zone}"
        case RoleKind.DESKTOPS:
            return _refuse_pool(settings, host, role.subject, zones)
        case RoleKind.DATABASE if not settings.database.url_file and not settings.database.url.startswith("postgres"):
            return "[database] names no PostgreSQL"
        case _:
            return None


def _refuse_entrance(settings: SiteSettings, host: HostSettings, subject: str) -> str | None:
    if subject != PORTAL_ENTRANCE:
        is_known = any(entrance.id == subject for entrance in settings.entrances)
        return None if is_known else "there is no such entrance in [[entrances]]"
    if HostRole(RoleKind.BROKER) not in roles_of(host):
        return "that is the broker's own listener, and the host lacks the role broker"
    return "portal.host is empty: nobody is listened to there" if not settings.portal_host else None


def _refuse_pool(settings: SiteSettings, host: HostSettings, subject: str, zones: set[str]) -> str | None:
    pools = pools_named(settings, subject)
    if not pools:
        return "there is no such pool"
    if len(pools) > 1:
        return "several tenants have a pool of that id: write desktops:<tenant>/<pool>"
    if host.zone in zones and host.zone != pools[0].pool.zone:
        return f"the host stands in the zone {host.zone}, the pool in {pools[0].pool.zone}"
    return None


def _host_names(settings: SiteSettings) -> Iterator[RuleRefusal]:
    ids = {host.id for host in settings.hosts}
    for host in settings.hosts:
        for name in host.names:
            path = f"$.hosts.{host.id}.names"
            if not name.strip() or read_address(name) is not None or is_on_this_machine(name):
                yield RuleRefusal(path, f"{name!r} is no name of a host")
            elif name.casefold() in ids - {host.id}:
                yield RuleRefusal(path, f"{name} is the id of another host")


def _directories(settings: SiteSettings) -> Iterator[RuleRefusal]:
    for tenant in settings.tenants:
        named: list[HostSettings] = []
        for setting, place in directory_places(tenant):
            if place is None:
                yield RuleRefusal(f"$.{setting}", "names no host and port")
            elif not is_on_this_machine(place.host):
                named += find_hosts(settings, place.host)
                yield from _directory(settings, tenant.id, f"$.{setting}", place.host)
        for host in hosts_with(settings.hosts, RoleKind.DIRECTORY, tenant.id):
            if host not in named:
                why = f"directory:{tenant.id}: no URL of the directory names this host"
                yield RuleRefusal(f"$.hosts.{host.id}.roles", why)


def _directory(settings: SiteSettings, tenant_id: str, path: str, name: str) -> Iterator[RuleRefusal]:
    hosts = find_hosts(settings, name)
    if not hosts and read_address(name) is None:
        yield RuleRefusal(path, f"{name} is unknown: {_NAME_IT}")
    for host in hosts:
        if HostRole(RoleKind.DIRECTORY, tenant_id) not in roles_of(host):
            yield RuleRefusal(path, f"{name} is host {host.id}, which lacks the role directory:{tenant_id}")


def _database(settings: SiteSettings) -> Iterator[RuleRefusal]:
    carriers, place = hosts_with(settings.hosts, RoleKind.DATABASE), database_place(settings)
    if settings.database.url_file and not carriers:
        yield RuleRefusal("$.database.url_file", "no host has the role database")
    if settings.database.url_file or place is None or is_on_this_machine(place.host):
        return
    hosts = find_hosts(settings, place.host)
    if not hosts and (carriers or read_address(place.host) is None):
        yield RuleRefusal("$.database.url", f"{place.host} is unknown: {_NAME_IT}")
    for host in hosts:
        if host not in carriers:
            yield RuleRefusal("$.database.url", f"{place.host} is host {host.id}, which lacks the role database")


def _desktops(settings: SiteSettings) -> Iterator[RuleRefusal]:
    for owned in pools_of(settings):
        for desktop in owned.pool.desktops:
            path = f"$.{owned.path}.desktops.{desktop.name}"
            if not 1 <= desktop.port <= 65535:
                yield RuleRefusal(f"{path}.port", f"{desktop.port} is no port")
            if is_on_this_machine(desktop.host) or find_hosts(settings, desktop.host):
                continue
            if read_address(desktop.host) is None:
                yield RuleRefusal(f"{path}.host", f"{desktop.host} is unknown: {_NAME_IT}")


def _upstreams(settings: SiteSettings) -> Iterator[RuleRefusal]:
    """Places that an entrance's proxy is told to dial have to be those that the list of flows knows."""
    brokers = hosts_with(settings.hosts, RoleKind.BROKER)
    for entrance in settings.entrances:
        path = f"$.entrances.{entrance.id}.proxy"
        for text in entrance.proxy.brokers:
            if not _is_at(settings, text, [(host, settings.entrance_listener.port) for host in brokers]):
                yield RuleRefusal(f"{path}.brokers", f"{text} is the entrance listener of no host")
        for gateway_id, text in entrance.proxy.gateways.items():
            hosts = hosts_with(settings.hosts, RoleKind.GATEWAY, gateway_id)
            if not _is_at(settings, text, [(host, host.ports.tunnel) for host in hosts]):
                yield RuleRefusal(f"{path}.gateways.{gateway_id}", f"{text} is the tunnel port of no host of it")


def _is_at(settings: SiteSettings, text: str, known: Sequence[tuple[HostSettings, int]]) -> bool:
    place = read_place(text)
    if place is None:
        return False
    is_beside = is_on_this_machine(place.host)
    return any(port == place.port and (is_beside or host in find_hosts(settings, place.host)) for host, port in known)
