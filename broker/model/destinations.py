"""Destinations that a virtual browser may reach: how they are written, and whether one covers a request. Pure.

A destination reads ``[http:// | https://] host [:port]``; ``host`` is a name, ``*.`` and a name (every name below
it, not itself), or an address (``192.0.2.10``, ``[2001:db8::1]``). Without a scheme both are meant, without a port
80 for http and 443 for https. Names are compared in their ASCII form (IDNA, UTS 46), lower case, without a trailing
dot.
"""

import ipaddress
import re
from enum import StrEnum
from typing import Final

import idna
import msgspec

from broker.model.public_suffixes import is_shared_by_strangers

MAX_DESTINATIONS: Final = 400
"""Chromium takes 1000 patterns, and an entry can make two of them."""
_MAX_TEXT: Final = 300
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://(.*)", re.DOTALL)
_MAX_NAME: Final = 253


class Scheme(StrEnum):
    HTTP = "http"
    HTTPS = "https"

    @property
    def port(self) -> int:
        return 443 if self is Scheme.HTTPS else 80


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a list. ``port`` None: the usual port of the scheme."""

    host: str
    is_below: bool
    """``*.host``: the names below ``host``."""
    schemes: tuple[Scheme, ...]
    port: int | None

    def covers(self, scheme: Scheme, host: str, port: int) -> bool:
        """Whether a request is meant by this entry; ``host`` is as :func:`normal_host` makes it."""
        if scheme not in self.schemes or port != (self.port or scheme.port):
            return False
        return host.endswith(f".{self.host}") and not is_address(host) if self.is_below else host == self.host


class DestinationRefused(msgspec.Struct, frozen=True):
    """Why an entry is no destination, in plain words for the IT desk."""

    why: str


def parse_destination(text: str) -> Destination | DestinationRefused:
    """One entry of ``allowed_destinations``."""
    rest = text.strip()
    if not rest or len(rest) > _MAX_TEXT or not rest.isprintable() or " " in rest:
        return DestinationRefused("must be a host name or an address, without spaces")
    schemes = tuple(Scheme)
    if (match := _SCHEME.fullmatch(rest)) is not None:
        if match[1].lower() not in set(Scheme):
            return DestinationRefused(f"the scheme must be http or https, not {match[1]}")
        schemes, rest = (Scheme(match[1].lower()),), match[2].removesuffix("/")
    if any(character in rest for character in "/?#@\\%"):
        return DestinationRefused("must be a host without path, account or query: those can't be told apart in https")
    split = _split_port(rest)
    if isinstance(split, DestinationRefused):
        return split
    return _destination(split[0], split[1], schemes)


def _destination(name: str, port: int | None, schemes: tuple[Scheme, ...]) -> Destination | DestinationRefused:
    is_below = name.startswith("*.")
    host = normal_host(_to_ascii(name.removeprefix("*.")))
    if "*" in name.removeprefix("*."):
        return DestinationRefused("the wildcard stands only at the beginning and before a name: *.example.lg.jp")
    if host is None:
        return DestinationRefused("is no host name")
    if is_address(host):
        if is_below:
            return DestinationRefused("an address has no names below it")
    elif is_below and is_shared_by_strangers(host):
        return DestinationRefused(f"*.{host} would allow the sites of everybody; name the organisation's own domain")
    elif "." not in host:
        return DestinationRefused("must be a full name with its domain")
    return Destination(host=host, is_below=is_below, schemes=schemes, port=port)


def _split_port(text: str) -> tuple[str, int | None] | DestinationRefused:
    name, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text, None
    if ":" in name and not (name.startswith("[") and name.endswith("]")):
        return DestinationRefused("an IPv6 address stands in brackets: [2001:db8::1]")
    if _PORT.fullmatch(port) is None or int(port) > 65535:
        return DestinationRefused(f"{port!r} is no port from 1 to 65535")
    return name, int(port)


def _to_ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return idna.encode(name, uts46=True, transitional=False).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""


def normal_host(text: str) -> str | None:
    """A host of a request or an entry in the one form in which it is compared; None for what is none.

    Only ASCII is taken (browsers send names as punycode). What a resolver might read as an address in another
    spelling (``0x7f.1``, ``2130706433``, ``127.1``) is no host; an IPv6 address stands in brackets.
    """
    if text.startswith("[") and text.endswith("]"):
        return _normal_address(text[1:-1], 6)
    lowered = text.lower().removesuffix(".")
    if not lowered.isascii() or not 0 < len(lowered) <= _MAX_NAME:
        return None
    labels = lowered.split(".")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return _normal_address(lowered, 4) if lowered == text else None
    return lowered if all(_LABEL.fullmatch(label) for label in labels) else None


def is_address(host: str) -> bool:
    """Whether a normal host is an address."""
    return host.startswith("[") or host.rpartition(".")[2].isdigit()


def find_destination(destinations: tuple[Destination, ...], scheme: Scheme, host: str, port: int) -> Destination | None:
    """The entry that covers a request; None: it is not allowed."""
    return next((entry for entry in destinations if entry.covers(scheme, host, port)), None)


def _normal_address(text: str, version: int) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if address.version != version or "%" in text:
        return None
    return f"[{address.compressed}]" if version == 6 else address.compressed
