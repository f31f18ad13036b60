"""The gateway's settings: one TOML file (or a struct from the supervisor), unknown fields forbidden."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from broker.errors import ConfigurationError
from broker.model.service_name import is_service_id
from broker.wire.line import WireLine, choose_line
from gateway.allowance import Rate
from gateway.doorway import DoorwayTls
from gateway.guacd import TLS_PREFIX
from gateway.limits import RelayLimits


class DoorLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds on strangers, who have not shown a good ticket yet, and on sessions. Times in seconds.

    ``silent``: sockets that are no tunnel yet, for ``request_s`` at most. ``waiting``: tunnels without a good ticket.
    ``sockets``: how often new ones are attended to. ``redeems``: how often the broker is asked about a ticket; it
    shuts out a gateway that asks more than 200 times a second. An address is an IPv4 address or an IPv6 /64.
    """

    max_silent: int = 500
    max_silent_per_address: int = 100
    max_waiting: int = 500
    max_waiting_per_address: int = 50
    sockets: Rate = Rate(per_s=500.0, at_once=1000)
    sockets_per_address: Rate = Rate(per_s=50.0, at_once=200)
    redeems: Rate = Rate(per_s=100.0, at_once=500)
    redeems_per_address: Rate = Rate(per_s=5.0, at_once=20)
    request_s: float = 10.0
    ticket_s: float = 10.0
    guacd_s: float = 15.0
    max_sessions: int = 1000


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that the gateway needs to know.

    ``allowed_origins`` are whole origins (``http://localhost:8400``). The broker is dialled over the Unix
    socket ``wire_socket``, or at ``wire_url`` (``https://host:port``) by mutual TLS with ``wire_certificate`` and
    ``wire_key``, where ``wire_ca`` judges it. ``guacd_groups`` maps the group named by a connection to addresses,
    each ``host:port``, ``tls:host:port`` (judged by ``guacd_ca`` under that host) or ``unix:<path>``. With ``tls`` only
    the proxy of ``entrance`` is listened to, by mutual TLS, and the client's address is the one that it names; without,
    every client is, and its address is that of its socket. ``spool_dir`` keeps events while no broker is there.
    ``watermark_font`` is a font file with Japanese glyphs; without it Debian's are looked for.
    """

    gateway_id: str
    zones: list[str]
    allowed_origins: list[str]
    wire_key_file: Path
    spool_dir: Path
    guacd_groups: dict[str, list[str]]
    wire_url: str = ""
    wire_socket: Path | None = None
    wire_ca: Path | None = None
    wire_certificate: Path | None = None
    wire_key: Path | None = None
    listen_host: str = "127.0.0.1"
    listen_port: int = 8401
    entrance: str = "portal"
    tls: DoorwayTls | None = None
    guacd_ca: Path | None = None
    log_level: str = "info"
    watermark_font: Path | None = None
    door: DoorLimits = DoorLimits()
    relay: RelayLimits = RelayLimits()


def load_settings(path: Path) -> GatewaySettings:
    """Read a TOML file. Raises :class:`ConfigurationError` with the path of what is wrong."""
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        settings = msgspec.convert(table, GatewaySettings, dec_hook=_read_path)
    except OSError as error:
        raise ConfigurationError(f"{path}: the settings can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    check_settings(settings)
    return settings


def _read_path(kind: type, value: object) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"{kind.__name__} has no form in the settings")


def wire_line(settings: GatewaySettings) -> WireLine:
    """Where the broker is dialled. Raises :class:`ConfigurationError` when that is not clear, or a file is amiss."""
    return choose_line(
        socket=settings.wire_socket,
        url=settings.wire_url,
        authority=settings.wire_ca,
        certificate=settings.wire_certificate,
        key=settings.wire_key,
    )


def check_settings(settings: GatewaySettings) -> None:
    """Raises :class:`ConfigurationError` for values that would leave a door open or shut for ever."""
    if not settings.allowed_origins or "*" in settings.allowed_origins:
        raise ConfigurationError("allowed_origins: list each origin of the portal, for instance https://host")
    for group, addresses in settings.guacd_groups.items():
        for address in addresses:
            if not _is_address(address):
                raise ConfigurationError(
                    f"guacd_groups.{group}: not host:port, tls:host:port or unix:<path>: {address}"
                )
            if address.startswith(TLS_PREFIX) and settings.guacd_ca is None:
                raise ConfigurationError(
                    f"guacd_groups.{group}: {address} needs guacd_ca, the authority to judge it by"
                )
    if not is_service_id(settings.entrance):
        raise ConfigurationError("entrance: a name of a-z, 0-9, '.', '_' and '-'")


def _is_address(address: str) -> bool:
    if address.startswith("unix:/"):
        return True
    host, _, port = address.removeprefix(TLS_PREFIX).rpartition(":")
    return bool(host) and port.isdigit() and 0 < int(port) < 65_536
