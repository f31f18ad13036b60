"""The head of a request to a proxy (RFC 9112): read strictly, since two readings of one request are a hole. Pure."""

import re
from typing import Final

import msgspec

from broker.model.destinations import Scheme, normal_host

MAX_HEADERS: Final = 100
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION: Final = re.compile(rb"HTTP/1\.[01]")
_TARGET: Final = re.compile(rb"[\x21-\x7e]+")
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_LENGTH: Final = re.compile(rb"[0-9]{1,15}")
_OWN: Final = frozenset(
    (b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
     b"trailer", b"transfer-encoding", b"upgrade")
)  # fmt: skip
"""Headers that are for one hop alone (RFC 9110 section 7.6.1)."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request wants to go. ``is_tunnel``: CONNECT. ``forwarded`` is the head to send to the server, in
    origin form and with the connection closed after it; ``body_bytes`` follow it and nothing else does."""

    scheme: Scheme
    host: str
    port: int
    is_tunnel: bool
    forwarded: bytes = b""
    target: bytes = b""
    body_bytes: int = 0


class Malformed(msgspec.Struct, frozen=True):
    """What can't be read in one way only."""

    why: str


def parse_request(head: bytes) -> Request | Malformed:
    """``head`` ends with its empty line."""
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    parts = lines[0].split(b" ")
    if len(parts) != 3:
        return Malformed("the request line has not three parts")
    method, target, version = parts
    if _TOKEN.fullmatch(method) is None or _VERSION.fullmatch(version) is None or _TARGET.fullmatch(target) is None:
        return Malformed("the request line")
    headers = _headers(lines[1:])
    if isinstance(headers, Malformed):
        return headers
    if method == b"CONNECT":
        return _tunnel(target, headers)
    return _plain(method, target, headers)


def _headers(lines: list[bytes]) -> list[tuple[bytes, bytes]] | Malformed:
    if len(lines) > MAX_HEADERS:
        return Malformed("too many headers")
    found: list[tuple[bytes, bytes]] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        # A line that goes on with a blank, and a blank before the colon, have been read in two ways.
        if not colon or _TOKEN.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            return Malformed("a header")
        found.append((name, value.strip(b" \t")))
    return found


def _tunnel(target: bytes, headers: list[tuple[bytes, bytes]]) -> Request | Malformed:
    place = _authority(target.decode("ascii"))
    if place is None or place[1] is None:
        return Malformed("CONNECT without host and port")
    if not _agrees(headers, place[0], place[1], 443, is_needed=False):
        return Malformed("Host names another server")
    if any(name.lower() in {b"content-length", b"transfer-encoding"} for name, _ in headers):
        return Malformed("CONNECT with a body")
    return Request(scheme=Scheme.HTTPS, host=place[0], port=place[1], is_tunnel=True)


def _plain(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> Request | Malformed:
    text = target.decode("ascii")
    if not text.lower().startswith("http://"):
        return Malformed("no http:// address")
    authority, slash, path = text[7:].partition("/")
    if not slash:
        authority, mark, query = authority.partition("?")
        path = f"{mark}{query}"
    place = _authority(authority)
    if place is None:
        return Malformed("the address")
    host, port = place[0], place[1] or 80
    if not _agrees(headers, host, port, 80, is_needed=True):
        return Malformed("Host names another server")
    length = _body_bytes(headers)
    if length is None:
        return Malformed("the body's length")
    named = {
        word.strip().lower() for name, value in headers if name.lower() == b"connection" for word in value.split(b",")
    }
    if named & {b"content-length", b"host"}:
        return Malformed("Connection names a header that is not for one hop")
    kept = [line for line in headers if line[0].lower() not in _OWN and line[0].lower() not in named | {b"host"}]
    origin = f"/{path}".encode("ascii")
    lines = [
        b"Host: " + _shown(host, port).encode(),
        *(name + b": " + value for name, value in kept),
        b"Connection: close",
    ]
    rest = b"\r\n".join(lines) + b"\r\n\r\n"
    return Request(
        scheme=Scheme.HTTP, host=host, port=port, is_tunnel=False, body_bytes=length,
        forwarded=method + b" " + origin + b" HTTP/1.1\r\n" + rest,
        target=method + b" http://" + _shown(host, port).encode() + origin + b" HTTP/1.1\r\n" + rest,
    )  # fmt: skip


def _authority(text: str) -> tuple[str, int | None] | None:
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        return None
    host = normal_host(match[1])
    port = int(match[2]) if match[2] else None
    if host is None or (port is not None and not 0 < port <= 65535):
        return None
    return host, port


def _shown(host: str, port: int) -> str:
    return host if port == 80 else f"{host}:{port}"


def _agrees(headers: list[tuple[bytes, bytes]], host: str, port: int, usual: int, *, is_needed: bool) -> bool:
    values = [value for name, value in headers if name.lower() == b"host"]
    if not values:
        return not is_needed
    if len(values) > 1 or not values[0].isascii():
        return False
    place = _authority(values[0].decode("ascii"))
    return place is not None and place[0] == host and (place[1] or usual) == port


def _body_bytes(headers: list[tuple[bytes, bytes]]) -> int | None:
    """None for everything but one plain length: a body in chunks would have to be read in the server's way."""
    if any(name.lower() == b"transfer-encoding" for name, _ in headers):
        return None
    lengths = [value for name, value in headers if name.lower() == b"content-length"]
    if not lengths:
        return 0
    return int(lengths[0]) if len(lengths) == 1 and _LENGTH.fullmatch(lengths[0]) else None
