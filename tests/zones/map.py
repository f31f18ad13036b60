"""Who stands where: the hosts of a small site, their networks, addresses and ports. Data alone."""

from enum import StrEnum
from typing import Final

import msgspec


class Kind(StrEnum):
    """What a host is."""

    CLIENT = "client"
    ENTRANCE = "entrance"
    GATEWAY = "gateway"
    BROKER = "broker"
    DIRECTORY = "directory"
    DATABASE = "database"
    GUACD = "guacd"
    DESKTOP = "desktop"
    ROUTER = "router"


PORTS: Final = {
    Kind.ENTRANCE: 443,
    Kind.GATEWAY: 8401,
    Kind.DIRECTORY: 636,
    Kind.DATABASE: 5432,
    Kind.GUACD: 4822,
    Kind.DESKTOP: 5900,
}
"""Where each kind listens; the broker listens at two."""
BROKER_ENTRANCE_PORT: Final = 8403
BROKER_WIRE_PORT: Final = 8402
ENTRANCES: Final = ("office", "sim", "home")
ROUTER: Final = "router"
LGWAN: Final = "lgwan"
RESIDENT: Final = "resident"
ZONES_OF_GATEWAY: Final = {"office": (LGWAN, RESIDENT), "sim": (LGWAN,), "home": (LGWAN,)}
CLIENT_NETWORKS: Final = {"office": "10.1.0.0/16", "sim": "10.2.0.0/16", "home": "203.0.113.0/24"}
WIFI_NETWORK: Final = "10.1.128.0/17"
"""The part of the office's network that is on the air."""


SEATS: Final = {LGWAN: (1, 2, 3), RESIDENT: (1, 2)}
"""Desktops of each zone."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One host in a namespace of its own. ``group``: the entrance or the zone that it belongs to."""

    id: str
    kind: Kind
    group: str
    address: str

    @property
    def ports(self) -> tuple[int, ...]:
        """Where it listens."""
        if self.kind is Kind.BROKER:
            return BROKER_ENTRANCE_PORT, BROKER_WIRE_PORT
        return (PORTS[self.kind],) if self.kind in PORTS else ()


def _hosts() -> tuple[Host, ...]:
    rows = [
        ("client-office", Kind.CLIENT, "office", "10.1.0.10"),
        ("client-wifi", Kind.CLIENT, "office", "10.1.128.10"),
        ("client-sim", Kind.CLIENT, "sim", "10.2.0.10"),
        ("client-home", Kind.CLIENT, "home", "203.0.113.10"),
    ]
    for number, entrance in enumerate(ENTRANCES, 1):
        rows.append((f"entrance-{entrance}", Kind.ENTRANCE, entrance, f"10.3.{number}.10"))
        rows.append((f"gateway-{entrance}", Kind.GATEWAY, entrance, f"10.3.{number}.20"))
    rows += [
        ("broker", Kind.BROKER, LGWAN, "10.10.0.10"),
        ("directory", Kind.DIRECTORY, LGWAN, "10.10.0.20"),
        ("database", Kind.DATABASE, LGWAN, "10.10.0.30"),
    ]
    for zone, network in ((LGWAN, "10.10.1"), (RESIDENT, "10.20.1")):
        rows.append((f"guacd-{zone}", Kind.GUACD, zone, f"{network}.10"))
        rows += [(f"desktop-{zone}-{seat}", Kind.DESKTOP, zone, f"{network}.{100 + seat}") for seat in SEATS[zone]]
    rows.append((ROUTER, Kind.ROUTER, "dmz", "10.9.0.1"))
    return tuple(Host(id=id_, kind=kind, group=group, address=address) for id_, kind, group, address in rows)


HOSTS: Final = _hosts()
BY_ID: Final = {host.id: host for host in HOSTS}


INTERESTING_PORTS: Final = (
    22, 80, 389, BROKER_ENTRANCE_PORT, BROKER_WIRE_PORT, 8400, 3389, *PORTS.values()
)  # fmt: skip
"""Of the site's own services and of those that an intruder tries first."""


def of_kind(kind: Kind, group: str | None = None) -> list[Host]:
    return [host for host in HOSTS if host.kind is kind and group in {None, host.group}]


class Path(msgspec.Struct, frozen=True, order=True):
    """A connection that somebody may try: from a host, to a host, to a port."""

    source: str
    target: str
    port: int
    is_udp: bool = False

    def __str__(self) -> str:
        return f"{self.source} → {self.target}:{self.port}/{'udp' if self.is_udp else 'tcp'}"


def permitted() -> frozenset[Path]:
    """Everything that this site needs, written down by hand: what `sekisho flows` says is measured by it."""
    paths: set[Path] = set()
    for entrance in ENTRANCES:
        gateway = f"gateway-{entrance}"
        for client in of_kind(Kind.CLIENT, entrance):
            paths.add(Path(client.id, f"entrance-{entrance}", PORTS[Kind.ENTRANCE]))
        paths.add(Path(f"entrance-{entrance}", gateway, PORTS[Kind.GATEWAY]))
        paths.add(Path(f"entrance-{entrance}", "broker", BROKER_ENTRANCE_PORT))
        paths.add(Path(gateway, "broker", BROKER_WIRE_PORT))
        paths |= {Path(gateway, f"guacd-{zone}", PORTS[Kind.GUACD]) for zone in ZONES_OF_GATEWAY[entrance]}
    paths.add(Path("broker", "directory", PORTS[Kind.DIRECTORY]))
    paths.add(Path("broker", "database", PORTS[Kind.DATABASE]))
    for desktop in of_kind(Kind.DESKTOP):
        paths.add(Path(f"guacd-{desktop.group}", desktop.id, PORTS[Kind.DESKTOP]))
        paths.add(Path("broker", desktop.id, PORTS[Kind.DESKTOP]))
    return frozenset(paths)
