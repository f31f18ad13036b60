"""What one proxy is told at its start, and what it tells."""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

import msgspec

Network = IPv4Network | IPv6Network


class EgressLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one desktop's proxy. Times in seconds."""

    connections: int = 128
    head_bytes: int = 16384
    head_deadline_s: float = 10.0
    """For a whole request head, and for a whole ClientHello: a line that comes drop by drop ends."""
    connect_deadline_s: float = 10.0
    idle_s: float = 300.0
    lifetime_s: float = 28800.0
    """A connection that goes on for longer than a working day is ended."""


class EgressOrder(msgspec.Struct, frozen=True, kw_only=True):
    """All that the proxy of one desktop knows.

    ``open_ranges`` are addresses that may be reached although they are private (servers of the site's own Internet
    zone); ``closed_ranges`` may never be reached. ``names`` are answered before the host's resolver is asked.
    ``parent`` (``host:port``) is the proxy that everything goes through; names are then resolved there.
    """

    destinations: tuple[str, ...]
    open_ranges: tuple[str, ...] = ()
    closed_ranges: tuple[str, ...] = ()
    names: dict[str, tuple[str, ...]] = {}
    parent: str = ""
    contact: str = ""
    limits: EgressLimits = EgressLimits()


class Refusal(StrEnum):
    """Why a request was not let out. The words are those of the log."""

    MALFORMED = "malformed"
    NOT_LISTED = "not_listed"
    ADDRESS_CLOSED = "address_closed"
    """The name leads to a private, local or otherwise closed address."""
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"
    NOT_TLS = "not_tls"
    NAME_MISMATCH = "name_mismatch"
    """The TLS handshake names another server than the request did."""
    TOO_MANY = "too_many"
    TOO_SLOW = "too_slow"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the proxy's account. No path, no query, no content: which host, how much, what came of it."""

    host: str
    port: int
    refusal: Refusal | None = None
    address: str = ""
    bytes_out: int = 0
    bytes_in: int = 0
    took_s: float = 0.0
    count: int = 1
    """How many alike in a short time are summed up in this line (refusals only)."""
