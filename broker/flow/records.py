"""A permitted flow and its two sides."""

from datetime import date
from enum import StrEnum

import msgspec

from broker.flow.addresses import of_version
from broker.model.flow_settings import Transport


class FlowKind(StrEnum):
    """Why a connection is needed; the texts are in :mod:`broker.flow.reasons`."""

    CLIENT_ENTRANCE = "client-entrance"
    CLIENT_GATEWAY = "client-gateway"
    ENTRANCE_BROKER = "entrance-broker"
    ENTRANCE_GATEWAY = "entrance-gateway"
    GATEWAY_BROKER = "gateway-broker"
    GATEWAY_GUACD = "gateway-guacd"
    GUACD_DESKTOP = "guacd-desktop"
    AGENT_BROKER = "agent-broker"
    BROKER_DIRECTORY = "broker-directory"
    BROKER_DATABASE = "broker-database"
    BROKER_DESKTOP = "broker-desktop"
    FURTHER = "further"


class Side(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One end of a flow: a host, several machines that are not listed as hosts, or a range of addresses.

    ``addresses`` are sorted addresses and ranges (CIDR); empty: any address. ``zone`` is the network that it stands in.
    """

    name: str
    host_id: str | None = None
    addresses: tuple[str, ...] = ()
    zone: str = ""

    def of_version(self, version: int) -> tuple[str, ...]:
        """Its addresses of one IP version."""
        return of_version(self.addresses, version)

    @property
    def is_anywhere(self) -> bool:
        return not self.addresses


def may_talk(one: Side, other: Side) -> bool:
    """Whether both have addresses of one IP version; without that no connection could ever be."""
    if one.is_anywhere or other.is_anywhere:
        return True
    return any(one.of_version(version) and other.of_version(version) for version in (4, 6))


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that ``source`` may open to ``port`` of ``target``; answers belong to it.

    ``settings`` are the paths that it comes from. ``tenants`` names those whose desktops or directory it serves; none:
    it is the whole site's.
    """

    id: str
    kind: FlowKind
    source: Side
    target: Side
    protocol: Transport
    port: int
    settings: tuple[str, ...]
    why_ja: str
    why_en: str
    tenants: frozenset[str] = frozenset()
    ends_on: date | None = None

    def touches(self, host_id: str) -> bool:
        """Whether the host is one of its two ends."""
        return host_id in {self.source.host_id, self.target.host_id}
