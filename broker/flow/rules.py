"""From settings to the list of every connection that a site needs. Pure; what is not derived is shut."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from hashlib import sha256
from typing import Final

import msgspec

from broker.flow.addresses import read_address, sorted_ranges
from broker.flow.known_ports import (
    database_place,
    database_port,
    directory_places,
    entrance_ports,
)
from broker.flow.reasons import WHY
from broker.flow.records import Flow, FlowKind, Side, may_talk
from broker.flow.roles import RoleKind, hosts_with
from broker.flow.site import endpoints_of, find_hosts, further_sides, gateways_of, is_on_this_machine, pools_of, side_of
from broker.model.flow_settings import FurtherFlowSettings, HostSettings, Transport
from broker.settings import SiteSettings, TenantSettings

MAX_ID: Final = 120
"""An id fits into a comment of nftables (128 bytes)."""
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._:/-]")


def derive(settings: SiteSettings, today: date) -> tuple[Flow, ...]:
    """Every permitted flow, each once, in an order that depends on the settings' contents alone.

    ``today`` ends further flows that are permitted until a day. Call :func:`refusals_of_flows` first: what can't be
    resolved here is left out, and so is shut.
    """
    return _merge(_all(settings, today))


def derive_all(settings: SiteSettings) -> tuple[Flow, ...]:
    """The same with further flows that have ended."""
    return _merge(_all(settings, date.min))


def _merge(flows: Iterable[Flow]) -> tuple[Flow, ...]:
    merged: dict[tuple[Side, Side, Transport, int], Flow] = {}
    for flow in flows:
        if flow.source.host_id is not None and flow.source.host_id == flow.target.host_id:
            continue  # it stays on its host
        key = (flow.source, flow.target, flow.protocol, flow.port)
        merged[key] = _join(merged[key], flow) if key in merged else flow
    order = list(FlowKind)
    return tuple(sorted(merged.values(), key=lambda flow: (order.index(flow.kind), flow.id)))


def _join(one: Flow, other: Flow) -> Flow:
    """The same connection, needed twice. It is one tenant's only if both are."""
    return msgspec.structs.replace(
        one,
        settings=tuple(dict.fromkeys((*one.settings, *other.settings))),
        why_ja=one.why_ja if other.why_ja in one.why_ja else f"{one.why_ja}、{other.why_ja}",
        why_en=one.why_en if other.why_en in one.why_en else f"{one.why_en}; {other.why_en}",
        tenants=one.tenants | other.tenants if one.tenants and other.tenants else frozenset(),
        ends_on=max(one.ends_on, other.ends_on) if one.ends_on and other.ends_on else None,
    )


def _all(settings: SiteSettings, today: date) -> Iterator[Flow]:
    yield from _clients(settings)
    yield from _entrances(settings)
    yield from _wire(settings)
    yield from _pictures(settings)
    for tenant in settings.tenants:
        yield from _directory(settings, tenant)
    yield from _database(settings)
    yield from _looks(settings)
    yield from _further(settings, today)


def _clients(settings: SiteSettings) -> Iterator[Flow]:
    entrances = {entrance.id: entrance for entrance in settings.entrances}
    for network in settings.client_networks:
        clients = Side(name=f"clients:{network.entrance}", addresses=sorted_ranges(network.ranges))
        entrance = entrances.get(network.entrance)
        for host in hosts_with(settings.hosts, RoleKind.ENTRANCE, network.entrance):
            for port in [settings.portal.port] if entrance is None else entrance_ports(entrance):
                paths = (f"client_networks.{network.entrance}", _roles(host))
                yield _flow(FlowKind.CLIENT_ENTRANCE, clients, side_of(host), port, paths)
        for gateway in gateways_of(settings, network.entrance) if entrance is None else ():
            paths = (f"client_networks.{network.entrance}", _roles(gateway))
            yield _flow(FlowKind.CLIENT_GATEWAY, clients, side_of(gateway), gateway.ports.tunnel, paths)


def _entrances(settings: SiteSettings) -> Iterator[Flow]:
    """The broker's own listener is no proxy: nothing lies between it and the broker."""
    brokers = hosts_with(settings.hosts, RoleKind.BROKER)
    for entrance in settings.entrances:
        for host in hosts_with(settings.hosts, RoleKind.ENTRANCE, entrance.id):
            for broker in brokers:
                sides, paths = (side_of(host), side_of(broker)), (_roles(host), "entrance_listener")
                yield _flow(FlowKind.ENTRANCE_BROKER, *sides, settings.entrance_listener.port, paths)
            for gateway in gateways_of(settings, entrance.id):
                sides, paths = (side_of(host), side_of(gateway)), (_roles(host), _roles(gateway))
                yield _flow(FlowKind.ENTRANCE_GATEWAY, *sides, gateway.ports.tunnel, paths)


def _wire(settings: SiteSettings) -> Iterator[Flow]:
    brokers = hosts_with(settings.hosts, RoleKind.BROKER)
    peers = [(RoleKind.GATEWAY, FlowKind.GATEWAY_BROKER, peer.id) for peer in settings.wire.gateways]
    peers += [(RoleKind.AGENT, FlowKind.AGENT_BROKER, peer.id) for peer in settings.wire.agents]
    for role, kind, peer_id in peers:
        for host in hosts_with(settings.hosts, role, peer_id):
            for broker in brokers:
                paths = (f"wire.{role}s.{peer_id}", _roles(broker))
                yield _flow(kind, side_of(host), side_of(broker), settings.wire.port, paths)


def _pictures(settings: SiteSettings) -> Iterator[Flow]:
    for peer in settings.wire.gateways:
        for gateway in hosts_with(settings.hosts, RoleKind.GATEWAY, peer.id):
            for zone in sorted(set(peer.zones)):
                for guacd in hosts_with(settings.hosts, RoleKind.GUACD, zone):
                    sides, paths = (side_of(gateway), side_of(guacd)), (f"wire.gateways.{peer.id}.zones", _roles(guacd))
                    yield _flow(FlowKind.GATEWAY_GUACD, *sides, guacd.ports.guacd, paths)
    for owned in pools_of(settings):
        for endpoint in endpoints_of(settings, owned):
            for guacd in hosts_with(settings.hosts, RoleKind.GUACD, owned.pool.zone):
                sides, paths = (side_of(guacd), endpoint.side), (_roles(guacd), endpoint.setting)
                yield _flow(FlowKind.GUACD_DESKTOP, *sides, endpoint.port, paths, owned.tenant.id)


def _directory(settings: SiteSettings, tenant: TenantSettings) -> Iterator[Flow]:
    for setting, place in directory_places(tenant):
        if place is None or is_on_this_machine(place.host):
            continue
        targets = [side_of(host) for host in find_hosts(settings, place.host)]
        if not targets and read_address(place.host) is not None:
            addresses = sorted_ranges([place.host])
            targets = [Side(name=f"directory:{tenant.id}/{addresses[0]}", addresses=addresses)]
        for broker in hosts_with(settings.hosts, RoleKind.BROKER):
            for target in targets:
                sides = (side_of(broker), target)
                yield _flow(FlowKind.BROKER_DIRECTORY, *sides, place.port, (setting,), tenant.id)


def _database(settings: SiteSettings) -> Iterator[Flow]:
    place = database_place(settings)
    hosts = hosts_with(settings.hosts, RoleKind.DATABASE)
    targets = [(side_of(host), database_port(settings, host)) for host in hosts]
    if place is not None and not hosts and read_address(place.host) is not None and not is_on_this_machine(place.host):
        targets = [(Side(name="database", addresses=sorted_ranges([place.host])), place.port)]
    for broker in hosts_with(settings.hosts, RoleKind.BROKER):
        for target, port in targets:
            yield _flow(FlowKind.BROKER_DATABASE, side_of(broker), target, port, ("database",))


def _looks(settings: SiteSettings) -> Iterator[Flow]:
    """The broker's static provider opens a connection to each registered desktop."""
    brokers = hosts_with(settings.hosts, RoleKind.BROKER)
    for owned in pools_of(settings):
        for endpoint in endpoints_of(settings, owned):
            if endpoint.is_registered and owned.pool.provider == "static":
                for broker in brokers:
                    sides, tenant = (side_of(broker), endpoint.side), owned.tenant.id
                    yield _flow(FlowKind.BROKER_DESKTOP, *sides, endpoint.port, (endpoint.setting,), tenant)


def _further(settings: SiteSettings, today: date) -> Iterator[Flow]:
    for asked in settings.further_flows:
        if asked.ends_on is None or asked.ends_on >= today:
            yield from further_flows(settings, asked)


def further_flows(settings: SiteSettings, asked: FurtherFlowSettings) -> Iterator[Flow]:
    """Between those of its ends that have an IP version in common: ``*`` is every host that can."""
    for source in further_sides(settings, asked.sources):
        for target in further_sides(settings, asked.targets):
            if may_talk(source, target):
                yield Flow(
                    id=_flow_id(f"{FlowKind.FURTHER}:{asked.id}", source, target, asked.protocol, asked.port),
                    kind=FlowKind.FURTHER,
                    source=source,
                    target=target,
                    protocol=asked.protocol,
                    port=asked.port,
                    settings=(f"further_flows.{asked.id}",),
                    why_ja=asked.reason,
                    why_en=asked.reason,
                    ends_on=asked.ends_on,
                )


def _flow(kind: FlowKind, source: Side, target: Side, port: int, settings: Iterable[str], tenant: str = "") -> Flow:
    why_ja, why_en = WHY[kind]
    return Flow(
        id=_flow_id(kind, source, target, Transport.TCP, port),
        kind=kind,
        source=source,
        target=target,
        protocol=Transport.TCP,
        port=port,
        settings=tuple(settings),
        why_ja=why_ja,
        why_en=why_en,
        tenants=frozenset({tenant} if tenant else ()),
    )


def _flow_id(word: str, source: Side, target: Side, protocol: Transport, port: int) -> str:
    """Readable, and safe inside a quoted comment; a shortened one ends in a digest of the whole."""
    whole = f"{word}/{source.name}/{target.name}/{protocol}-{port}"
    safe = _UNSAFE.sub("_", whole)
    if safe == whole and len(whole) <= MAX_ID:
        return whole
    return f"{safe[: MAX_ID - 13]}~{sha256(whole.encode()).hexdigest()[:12]}"


def _roles(host: HostSettings) -> str:
    return f"hosts.{host.id}.roles"
