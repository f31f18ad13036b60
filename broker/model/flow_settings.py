"""What a site says about its hosts and networks, so that its permitted flows (特定通信) can be derived."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
HostId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,31}$")]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]


class Transport(StrEnum):
    TCP = "tcp"
    UDP = "udp"


class HostPorts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ports of this host's roles where they are not the usual ones."""

    tunnel: Port = 8401
    """``listen_port`` of the gateway."""
    guacd: Port = 4822
    database: Port | None = None
    """Without it: that of ``database.url``, or 5432."""
    desktop: Port | None = None
    """Without it: that of the pool's protocol (VNC 5900, RDP 3389)."""


class HostSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine of the site, and what runs on it."""

    id: HostId
    addresses: list[str]
    """IPv4 and IPv6 addresses under which others reach it and from which it dials."""
    zone: str = ""
    """The network that it stands in: the id of a zone, or a name of the site's own such as ``dmz``."""
    roles: list[str]
    """``broker``, ``database``, ``router`` (a packet filter between networks), ``directory:<tenant>``,
    ``entrance:<id>``, ``gateway:<id>``, ``agent:<id>``, ``guacd:<zone>``, ``desktops:<pool>`` (or
    ``desktops:<tenant>/<pool>``); without a word of these, ``other``."""
    names: list[str] = []
    """Further names under which other settings call it (a directory's URL, a registered desktop)."""
    ports: HostPorts = msgspec.field(default_factory=HostPorts)


class ClientNetworkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the people of an entrance come from."""

    entrance: str
    ranges: list[str] = []
    """Ranges of addresses (CIDR)."""
    anywhere: bool = False
    """They come from any address, as on the Internet; then there are no ranges."""


class FurtherFlowSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection that the product does not need but the site does: names, clock, logs, administration."""

    id: _Name
    sources: list[str]
    """Each the id of a host, a role (``gateway`` stands for all of them), ``*`` (every host), an address or a range,
    or ``internet`` (every public address that is none of the site's own)."""
    targets: list[str]
    """In the same words."""
    protocol: Transport = Transport.TCP
    port: Port
    reason: _Text
    """Why; one line."""
    ends_on: date | None = None
    """Last day on which it is permitted, in the site's first tenant's time zone."""
