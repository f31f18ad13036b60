"""Browsers at the door, many to a process: each signs in as its person would, and none waits for another.

    python -m bench.signin_storm_clients PORT

Orders come as lines of JSON on standard input, one answer goes out for each.
"""

import asyncio
import random
import re
import sys
import time
from typing import Final
from urllib.parse import urlencode

import msgspec
import uvloop

from bench.signin_storm_staff import STAFF, address_of, code_of, login_of, password_of

_LIMIT_S: Final = 20.0
_TOKEN: Final = re.compile(rb'name="csrf_token" value="([0-9a-f]+)"')
_COOKIE: Final = re.compile(rb"\r\nset-cookie: (__Host-sekisho_\w+)=([^;\r\n]+)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_SESSION: Final = b"__Host-sekisho_session"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Arrivals of a Poisson process. The first is person ``first``; the next one is ``stride`` further."""

    rate_per_s: float
    seconds: float
    first: int
    stride: int
    seed: int


class Tally(msgspec.Struct, kw_only=True):
    """Milliseconds of those who got in, from the moment at which they were due; what happened to the others."""

    whole_ms: list[float] = []
    password_ms: list[float] = []
    code_ms: list[float] = []
    failed: dict[str, int] = {}
    latest_start_ms: float = 0.0
    cpu_s: float = 0.0


class Refused(Exception):
    """The portal's answer was not the one that a sign-in goes on with."""


class Browser(asyncio.Protocol):
    """One socket, one request at a time, cookies: what of HTTP/1.1 (RFC 9112) a sign-in needs."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._cookies: dict[bytes, bytes] = {}
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._read, 0, end + 2)
        whole = end + 4 + (int(length.group(1)) if length else 0)
        if len(self._read) >= whole and self._answer is not None and not self._answer.done():
            self._answer.set_result(self._read[:whole])
            self._read = self._read[whole:]

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("closed"))

    async def get(self, path: str) -> bytes:
        """The page; raises :class:`Refused` for any status but 200."""
        answer = await self._ask(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n", b"")
        return _expect(answer, b"200")

    async def post(self, path: str, form: dict[str, str]) -> None:
        """Raises :class:`Refused` for any status but 303."""
        body = urlencode(form).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nOrigin: http://{self._host}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        )
        _expect(await self._ask(head, body), b"303")

    def expect(self, cookie: bytes) -> None:
        """Raises :class:`Refused` when the portal has not given it."""
        if cookie not in self._cookies:
            raise Refused("no session")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    async def _ask(self, head: str, body: bytes) -> bytes:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("closed")
        cookies = b"; ".join(name + b"=" + value for name, value in self._cookies.items())
        lines = head.encode() + (b"Cookie: " + cookies + b"\r\n" if cookies else b"") + b"\r\n"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(lines + body)
        answer = await self._answer
        for name, value in _COOKIE.findall(answer, 0, answer.find(b"\r\n\r\n")):
            self._cookies[name] = value
        return answer


def _expect(answer: bytes, status: bytes) -> bytes:
    if answer[9:12] != status:
        raise Refused(answer[9:12].decode())
    return answer


async def sign_in(port: int, number: int, due_s: float, tally: Tally) -> None:
    """The login page, the password, the page of the code, the code; the session is there."""
    loop = asyncio.get_running_loop()
    tally.latest_start_ms = max(tally.latest_start_ms, (loop.time() - due_s) * 1000)
    browser = Browser(f"localhost:{port}")
    try:
        async with asyncio.timeout(_LIMIT_S):
            await loop.create_connection(lambda: browser, "127.0.0.1", port, local_addr=(address_of(number), 0))
            token = _token_in(await browser.get("/login"))
            began = loop.time()
            form = {"csrf_token": token, "login": login_of(number), "password": password_of(number)}
            await browser.post("/login", form)
            passed = loop.time()
            token = _token_in(await browser.get("/login/code"))
            asked = loop.time()
            await browser.post("/login/code", {"csrf_token": token, "code": code_of(number)})
            browser.expect(_SESSION)
            done = loop.time()
    except (OSError, Refused) as error:
        cause = str(error) if isinstance(error, Refused) else type(error).__name__
        tally.failed[cause] = tally.failed.get(cause, 0) + 1
        return
    finally:
        browser.close()
    tally.whole_ms.append(round((done - due_s) * 1000, 1))
    tally.password_ms.append(round((passed - began) * 1000, 1))
    tally.code_ms.append(round((done - asked) * 1000, 1))


def _token_in(page: bytes) -> str:
    found = _TOKEN.search(page)
    if found is None:
        raise Refused("no form")
    return found.group(1).decode()


async def storm(port: int, order: Order) -> Tally:
    """Everybody who arrives within the order's seconds, to the end of the last one's sign-in."""
    loop = asyncio.get_running_loop()
    chance = random.Random(order.seed)
    tally = Tally(whole_ms=[], password_ms=[], code_ms=[], failed={})
    began_cpu_s = time.process_time()
    people: set[asyncio.Task[None]] = set()
    due_s = began_s = loop.time()
    number = order.first
    while (due_s := due_s + chance.expovariate(order.rate_per_s)) < began_s + order.seconds:
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        task = asyncio.create_task(sign_in(port, number % STAFF, due_s, tally))
        people.add(task)
        task.add_done_callback(people.discard)
        number += order.stride
    if people:
        await asyncio.wait(set(people))
    tally.cpu_s = time.process_time() - began_cpu_s
    return tally


async def serve_orders(port: int) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        tally = await storm(port, msgspec.json.decode(line, type=Order))
        sys.stdout.buffer.write(msgspec.json.encode(tally) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(serve_orders(int(sys.argv[1])))
