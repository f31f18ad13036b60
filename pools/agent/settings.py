"""Settings of an agent: one TOML file. A field that nobody knows stops the start with its path."""

import re
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.model.ids import AgentId, ZoneId
from broker.settings import read_toml
from broker.wire.line import WireLine, choose_line
from pools.agent.paths import LONGEST_DESKTOP_ID, check_socket_path
from pools.egress.model import EgressOrder
from pools.egress.rules import read_rules
from pools.sandbox.limits import SandboxLimits

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class EgressSettings(_Settings, frozen=True, kw_only=True):
    """The way out of virtual browsers on this host. Which names they may ask for is the pool's to say; here stands
    where those names may lead to."""

    parent: str = ""
    """``host:port`` of the proxy that everything goes through: the prefecture's security cloud
    (自治体情報セキュリティクラウド), for instance. It then resolves the names, and it has to keep browsers off the
    site's own addresses."""
    open_ranges: list[str] = []
    """Private addresses that may be reached all the same: published servers of the site's own Internet zone (CIDR)."""
    closed_ranges: list[str] = []
    """Addresses that are never reached: the site's own public ranges, for instance (CIDR)."""
    names: dict[str, list[str]] = {}
    """Addresses of names that this host's resolver does not know."""
    contact: str = ""
    """Whom staff ask for further destinations, as shown on the page of refusal."""


class RuntimeSettings(_Settings, frozen=True, kw_only=True):
    """How desktops are run."""

    cache_dir: str
    """Where the desktops' locale is compiled to."""
    log_dir: str
    """One log per desktop, written anew at each start."""
    geometry: str = "1280x720"
    colours: dict[str, str] = {}
    """Background by zone (``#rrggbb``)."""
    start_deadline_s: float = 25.0
    stop_grace_s: float = 2.0
    limits: SandboxLimits = SandboxLimits()
    """What one desktop may use up."""
    browser_home_bytes: int = 512 * 1024 * 1024
    """Home of a virtual browser, in memory."""
    egress: EgressSettings = msgspec.field(default_factory=EgressSettings)
    starts_at_once: int = 4


class AgentSettings(_Settings, frozen=True, kw_only=True):
    """One agent. Paths are taken from the working folder when they are relative."""

    agent_id: AgentId
    wire_socket: str = ""
    """The broker's Unix socket, when it is on this host."""
    wire_url: str = ""
    """Otherwise ``https://host:port`` of the broker's wire, by mutual TLS."""
    wire_ca: str = ""
    """Certificate of the service authority (PEM)."""
    wire_certificate: str = ""
    """This agent's own: ``sekisho pki issue agent``."""
    wire_key: str = ""
    key_file: str
    zones: list[ZoneId]
    capacity: int
    """How many desktops may run at once."""
    homes_dir: str
    sockets_dir: str
    """guacd of a zone sees ``<sockets_dir>/<zone>`` as ``/desktops``."""
    skeleton_dir: str = ""
    """What a new home holds; empty: nothing."""
    runtime: RuntimeSettings
    log_level: str = "info"

    def __post_init__(self) -> None:
        if not self.zones or any(_NAME.fullmatch(name) is None for name in (self.agent_id, *self.zones)):
            raise ValueError("agent_id and zones must be names of a-z, 0-9, '.', '_' and '-', at least one zone")
        if min(self.capacity, self.runtime.starts_at_once) < 1:
            raise ValueError("capacity and starts_at_once must be 1 or more")


def agent_line(settings: AgentSettings) -> WireLine:
    """Where the broker is dialled. Raises :class:`ConfigurationError` when that is not clear, or a file is amiss."""
    return choose_line(
        socket=_find(settings.wire_socket),
        url=settings.wire_url,
        authority=_find(settings.wire_ca),
        certificate=_find(settings.wire_certificate),
        key=_find(settings.wire_key),
    )


def _find(path: str) -> Path | None:
    return Path(path) if path else None


def load_agent_settings(path: Path) -> AgentSettings:
    """Read and check a settings file. Raises :class:`ConfigurationError`."""
    try:
        settings = msgspec.convert(read_toml(path), AgentSettings)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    try:
        read_rules(egress_order(settings.runtime.egress, ()))
    except ValueError as error:
        raise ConfigurationError(f"{path}: runtime.egress: {error}") from error
    for zone_id in settings.zones:
        check_socket_path(Path(settings.sockets_dir).resolve(), zone_id, LONGEST_DESKTOP_ID)
    return settings


def egress_order(settings: EgressSettings, destinations: tuple[str, ...]) -> EgressOrder:
    """What the proxy of one desktop is told."""
    return EgressOrder(
        destinations=destinations,
        open_ranges=tuple(settings.open_ranges),
        closed_ranges=tuple(settings.closed_ranges),
        names={name: tuple(addresses) for name, addresses in settings.names.items()},
        parent=settings.parent,
        contact=settings.contact,
    )
