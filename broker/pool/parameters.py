"""guacd's arguments for one connection: ours, and those that a pool may set. Pure.

Names are those that guacd 1.3 to 1.6 announce (guacamole-server, ``src/protocols/{vnc,rdp}/settings.c``).
What moves data (drives, printers, SFTP, recordings on guacd's disk, Wake-on-LAN, gateways and repeaters) and
what switches restrictions is nobody's to set in a pool: the gateway derives it from the grants.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from broker.model.kinds import DesktopProtocol
from broker.model.records import Endpoint
from broker.secret import Secret

_MAX_VALUE_CHARS: Final = 255

ALLOWED_PARAMETERS: Final[Mapping[DesktopProtocol, frozenset[str]]] = MappingProxyType(
    {
        DesktopProtocol.VNC: frozenset(
            {
                "autoretry", "clipboard-encoding", "color-depth", "compress-level", "cursor", "encodings",
                "force-lossless", "quality-level", "swap-red-blue",
            }
        ),
        DesktopProtocol.RDP: frozenset(
            {
                "cert-fingerprints", "client-name", "color-depth", "console", "domain", "dpi",
                "enable-desktop-composition", "enable-font-smoothing", "enable-full-window-drag",
                "enable-menu-animations", "enable-theming", "enable-wallpaper", "force-lossless", "ignore-cert",
                "initial-program", "load-balance-info", "normalize-clipboard", "preconnection-blob",
                "preconnection-id", "remote-app", "remote-app-args", "remote-app-dir", "resize-method", "security",
                "server-layout", "timeout", "timezone",
            }
        ),
    }
)  # fmt: skip

_DEFAULTS: Final[Mapping[DesktopProtocol, Mapping[str, str]]] = MappingProxyType(
    {
        DesktopProtocol.VNC: MappingProxyType(
            {"clipboard-encoding": "ISO8859-1", "color-depth": "24", "cursor": "local"}
        ),
        DesktopProtocol.RDP: MappingProxyType(
            {
                "client-name": "Sekisho",
                "color-depth": "24",
                "enable-font-smoothing": "true",
                "resize-method": "display-update",
                "security": "any",
                "server-layout": "ja-jp-qwerty",
            }
        ),
    }
)


class ParameterRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A pool asks for an argument that it may not set, or gives it a value that can't be one."""

    name: str
    why: str


def refuse_parameters(protocol: DesktopProtocol, parameters: Mapping[str, str]) -> ParameterRefused | None:
    """The first argument that is refused, or ``None`` when the pool may set them all."""
    for name, value in parameters.items():
        if name not in ALLOWED_PARAMETERS[protocol]:
            return ParameterRefused(name=name, why=f"a {protocol} pool may not set it")
        if len(value) > _MAX_VALUE_CHARS:
            return ParameterRefused(name=name, why=f"its value has more than {_MAX_VALUE_CHARS} characters")
        if any(ord(character) < 0x20 or character == "\x7f" for character in value):
            return ParameterRefused(name=name, why="its value has control characters")
    return None


def connection_parameters(
    protocol: DesktopProtocol, wishes: Mapping[str, str], endpoint: Endpoint, credential: Mapping[str, Secret]
) -> dict[str, str]:
    """The arguments for one connection. A wish that is not allowed is left out: the address and the account of
    the desktop, and every restriction, can't be overridden."""
    allowed = {name: value for name, value in wishes.items() if refuse_parameters(protocol, {name: value}) is None}
    address = {"hostname": endpoint.host, "port": str(endpoint.port)}
    account = {
        name: credential[name].reveal()
        for name in ("username", "password")
        if name in credential and not credential[name].is_empty()
    }
    return {**_DEFAULTS[protocol], **allowed, **address, **account}
