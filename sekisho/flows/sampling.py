"""What to try from a host: its listed flows, and a sample of everything that is not listed. Pure."""

import random
from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import Final

import msgspec

from broker.flow import Flow
from broker.flow.addresses import read_address
from broker.model.flow_settings import HostSettings, Transport

Target = tuple[str, int]
WELL_KNOWN: Final = (22, 23, 25, 53, 80, 88, 111, 135, 139, 389, 443, 445, 636, 1433, 1521, 2049, 3128, 3268, 3306)
WELL_KNOWN_HIGH: Final = (3389, 4822, 5000, 5432, 5900, 5901, 5985, 6000, 6379, 8006, 8080, 8443, 9100, 10050)
"""Ports at which something of worth often listens."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A flow of this host and where to try it. ``is_any``: one of the addresses is enough, since all are one host's."""

    flow: Flow
    targets: tuple[Target, ...]
    is_any: bool


def listed_from(host: HostSettings, flows: Iterable[Flow]) -> tuple[list[Listed], list[str]]:
    """Flows that this host opens, and the ids of those that no TCP connection can try."""
    probed: list[Listed] = []
    others: list[str] = []
    for flow in flows:
        if flow.source.host_id != host.id:
            continue
        targets = _targets(flow)
        if flow.protocol is Transport.TCP and targets:
            probed.append(Listed(flow=flow, targets=targets, is_any=flow.target.host_id is not None))
        else:
            others.append(flow.id)
    return probed, others


def _targets(flow: Flow) -> tuple[Target, ...]:
    """Single addresses of the IP versions that this host has."""
    return tuple(
        (address, flow.port)
        for version in (4, 6)
        if flow.source.of_version(version)
        for address in flow.target.of_version(version)
        if read_address(address) is not None
    )


def sample_unlisted(
    host: HostSettings, hosts: Iterable[HostSettings], flows: Sequence[Flow], *, count: int, seed: int
) -> list[Target]:
    """Other machines' addresses with ports that this host may not dial; the same ones for the same seed."""
    versions = {address.version for text in host.addresses if (address := read_address(text)) is not None}
    addresses = {text for other in hosts if other.id != host.id for text in other.addresses}
    addresses |= {text for flow in flows for text in flow.target.addresses}
    machines = {address for text in addresses if (address := read_address(text)) is not None}
    own = {read_address(text) for text in host.addresses}
    ports = {*WELL_KNOWN, *WELL_KNOWN_HIGH, *(flow.port for flow in flows if flow.protocol is Transport.TCP)}
    permitted = [flow for flow in flows if flow.source.host_id == host.id and flow.protocol is Transport.TCP]
    candidates = [
        (str(address), port)
        for address in sorted(machines, key=lambda one: (one.version, int(one)))
        if address.version in versions and address not in own
        for port in sorted(ports)
        if not any(_permits(flow, str(address), port) for flow in permitted)
    ]
    if len(candidates) <= count:
        return candidates
    return sorted(random.Random(seed).sample(candidates, count))  # noqa: S311 -- a sample, no secret


def _permits(flow: Flow, address: str, port: int) -> bool:
    if flow.port != port:
        return False
    wanted = read_address(address)
    return any(wanted in ip_network(text) for text in flow.target.addresses)
