"""Requests that proxy and service could read in two ways: no hidden one crosses."""

import asyncio
import ssl
from typing import Final

import pytest

from tests.entrance.conftest import Recorded
from tests.entrance.raw import send
from tests.entrance.site import HOSTS, OFFICE, Site
from tests.separation.ledger import Ledger

pytestmark = pytest.mark.real

HIDDEN: Final = b"GET /smuggled HTTP/1.1\r\nHost: %s\r\nSekisho-Client-Address: 10.99.99.99\r\nX: y\r\n\r\n" % (
    HOSTS[OFFICE].encode()
)
SIZE: Final = b"%d" % len(HIDDEN)
CHUNKED: Final = b"0\r\n\r\n" + HIDDEN
BODIES: Final = {
    "two lengths": (b"Content-Length: 0\r\nContent-Length: " + SIZE, HIDDEN),
    "two lengths, the other way": (b"Content-Length: " + SIZE + b"\r\nContent-Length: 0", HIDDEN),
    "a list of lengths": (b"Content-Length: 0, " + SIZE, HIDDEN),
    "a signed length": (b"Content-Length: +0", HIDDEN),
    "a negative length": (b"Content-Length: -1", HIDDEN),
    "a length in hexadecimal": (b"Content-Length: 0x0", HIDDEN),
    "a length with a space": (b"Content-Length : 0\r\nContent-Length: " + SIZE, HIDDEN),
    "chunks before a length": (b"Transfer-Encoding: chunked\r\nContent-Length: %d" % len(CHUNKED), CHUNKED),
    "a length before chunks": (b"Content-Length: 4\r\nTransfer-Encoding: chunked", CHUNKED),
    "chunks alone": (b"Transfer-Encoding: chunked", CHUNKED),
    "chunks twice": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKED),
    "chunks and something": (b"Transfer-Encoding: chunked, identity\r\nContent-Length: 4", CHUNKED),
    "almost chunks": (b"Transfer-Encoding: xchunked\r\nContent-Length: 4", CHUNKED),
    "chunks behind a tab": (b"Transfer-Encoding:\tchunked\r\nContent-Length: 4", CHUNKED),
    "chunks behind a space in the name": (b"Transfer-Encoding : chunked\r\nContent-Length: 4", CHUNKED),
    "chunks on a folded line": (b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 4", CHUNKED),
    "chunks in another header": (b"X: y\r\n\tTransfer-Encoding: chunked\r\nContent-Length: 4", CHUNKED),
    "chunks behind a bare line end": (b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 4", CHUNKED),
    "chunks behind a bare return": (b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 4", CHUNKED),
    "chunks behind a zero byte": (b"X: y\0\r\nTransfer-Encoding: chunked\r\nContent-Length: 4", CHUNKED),
    "a chunk's size too large": (b"Transfer-Encoding: chunked", b"fffffffffffffffff\r\n" + HIDDEN),
    "a chunk's extension": (b"Transfer-Encoding: chunked", b"0;x=\n\r\n\r\n" + HIDDEN),
}
METHODS: Final = (b"GET", b"POST")
TUNNEL: Final = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: guacamole"
)


@pytest.mark.parametrize("path", [b"/login", b"/tunnel"])
async def test_no_request_hides_in_the_body_of_another(site: Site, recorded: Recorded, path: bytes) -> None:
    finds: list[str] = []
    for name, (headers, body) in BODIES.items():
        for method in METHODS:
            recorded.broker.received.clear()
            recorded.gateway.received.clear()
            upgrade = TUNNEL + b"\r\nSec-WebSocket-Version: 13\r\n" if path == b"/tunnel" else b""
            head = b"%s %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n\r\n" % (
                method, path, HOSTS[OFFICE].encode(), upgrade, headers,
            )  # fmt: skip
            await send(site, head + body, wait_s=0.25)
            if "/smuggled" in (*recorded.broker.paths(), *recorded.gateway.paths()) and not is_answered(recorded):
                finds.append(f"{method.decode()} {path.decode()}: {name}")
    Ledger.of_environment().record(
        "zones", f"requests in requests to {path.decode()}", paths=len(BODIES) * len(METHODS), finds=finds
    )
    assert finds == []


def is_answered(recorded: Recorded) -> bool:
    """The proxy has read it as a request in the open, and written its own headers into it."""
    received = bytes(recorded.broker.received) + bytes(recorded.gateway.received)
    return b"10.99.99.99" not in received


@pytest.mark.parametrize("origin, version", [("", b"6"), ("", b"none"), ("https://evil.example", b"13")])
async def test_an_upgrade_that_the_gateway_refuses_opens_no_way_to_it(
    site: Site, recorded: Recorded, origin: str, version: bytes
) -> None:
    """The proxy must not take the socket for a tunnel before the gateway has agreed."""
    head = b"GET /tunnel HTTP/1.1\r\nHost: %s\r\n%s\r\nOrigin: %s\r\nSec-WebSocket-Version: %s\r\n\r\n" % (
        HOSTS[OFFICE].encode(), TUNNEL, (origin or site.url()).encode(), version,
    )  # fmt: skip
    answer = await send(site, head, HIDDEN.replace(b"/smuggled", b"/healthz"), wait_s=1.0)
    assert b"/healthz" not in bytes(recorded.gateway.received)
    assert answer.startswith(b"HTTP/1.1 403" if origin else b"HTTP/1.1 400")


async def test_a_gateway_that_was_taken_over_sets_no_cookie_of_the_portal(site: Site, recorded: Recorded) -> None:
    """Both have one name for the browser, which takes cookies from an answer to a WebSocket too."""
    recorded.gateway.added = (
        b"Set-Cookie: __Host-sekisho_session=mine; Path=/; Secure\r\nClear-Site-Data: *\r\nAlt-Svc: h3=evil.example\r\n"
    )
    head = b"GET /tunnel HTTP/1.1\r\nHost: %s\r\n%s\r\nOrigin: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % (
        HOSTS[OFFICE].encode(), TUNNEL, site.url().encode(),
    )  # fmt: skip
    answer = (await send(site, head, wait_s=1.0)).lower()
    assert answer.startswith(b"http/1.1 101")
    for word in (b"set-cookie", b"clear-site-data", b"alt-svc"):
        assert word not in answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /login HTTP/1.1\r\nHost: %(host)s\r\nHost: evil.example\r\n\r\n",
        b"GET /login HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /login HTTP/1.1\r\n\r\n",
        b"GET https://evil.example/login HTTP/1.1\r\nHost: %(host)s\r\n\r\n",
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
        b"TRACE /login HTTP/1.1\r\nHost: %(host)s\r\n\r\n",
        b"GET /login\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /tunnel HTTP/1.1\r\nHost: %(host)s\r\n\r\n",
        b"GET /login HTTP/1.1\r\nHost: %(host)s\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_what_is_no_plain_request_for_this_site_reaches_nobody_as_such(
    site: Site, recorded: Recorded, head: bytes
) -> None:
    answer = await send(site, head.replace(b"%(host)s", HOSTS[OFFICE].encode()), wait_s=1.0)
    received = (bytes(recorded.broker.received) + bytes(recorded.gateway.received)).lower()
    assert b"evil.example" not in received
    assert b"\r\nupgrade:" not in received
    assert b"h2c" not in received
    assert b"200 OK" not in answer or b"h2c" in head


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame of HTTP/2 (RFC 9113, section 4.1)."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def field(name: bytes, value: bytes) -> bytes:
    """A header field without compression (RFC 7541, section 6.2.2)."""
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value


@pytest.mark.parametrize(
    "fields",
    [
        {b":method": b"POST", b":path": b"/login"},
        {b":method": b"CONNECT", b":protocol": b"websocket", b":path": b"/login"},
        {b":method": b"CONNECT", b":protocol": b"websocket", b":path": b"/tunnel"},
    ],
)
async def test_http_2_does_not_begin_by_prior_knowledge(
    site: Site, recorded: Recorded, fields: dict[bytes, bytes]
) -> None:
    """There a body has no length that the proxy could bound, and an upgrade is no header that it could refuse."""
    told = fields | {b":scheme": b"https", b":authority": HOSTS[OFFICE].encode()}
    head = frame(1, 4, 1, b"".join(field(name, value) for name, value in told.items()))
    body = frame(0, 1, 1, HIDDEN) if fields[b":method"] == b"POST" else b""
    await send(site, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + head + body, wait_s=1.0)
    received = (bytes(recorded.broker.received) + bytes(recorded.gateway.received)).lower()
    assert b"transfer-encoding" not in received
    assert b"connection: upgrade" not in received
    assert b"x: y" not in received


async def test_older_tls_is_not_spoken(site: Site) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        await send(site, b"GET /login HTTP/1.1\r\n\r\n", tls=old)


@pytest.mark.full
@pytest.mark.parametrize(
    "part", [b"GET /login HTTP/1.1\r\nHost: ", b"POST /login HTTP/1.1\r\nContent-Length: 9\r\nHost: "]
)
async def test_a_request_that_never_ends_is_shut_in_time_and_never_reaches_the_broker(
    site: Site, recorded: Recorded, part: bytes
) -> None:
    rest = HOSTS[OFFICE].encode() + b"\r\n\r\n" if part.startswith(b"POST") else b""
    began = asyncio.get_running_loop().time()
    answer = await send(site, part + rest, wait_s=20.0)
    assert asyncio.get_running_loop().time() - began < 15
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
    assert b"/login" not in bytes(recorded.broker.received)
