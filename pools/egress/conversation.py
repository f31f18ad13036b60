"""One connection of the browser: read a request, judge it, dial, keep it to what it said, relay, report."""

import asyncio
import contextlib
from typing import Final

import msgspec

from pools.egress.client_hello import HelloName, Incomplete, NotTls, read_hello
from pools.egress.dialling import Dialled, Resolver, Streams, dial
from pools.egress.model import EgressLimits, EgressOrder, Refusal, Report
from pools.egress.pages import START_HOST, refusal_page, start_page
from pools.egress.relay import Counted, RelayLimits, relay
from pools.egress.request import Malformed, Request, parse_request
from pools.egress.response import pass_response
from pools.egress.rules import EgressRules, is_listed, is_same_server

_ESTABLISHED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
_END: Final = b"\r\n\r\n"
_LINGER_S: Final = 1.0


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What every conversation of one proxy shares."""

    order: EgressOrder
    rules: EgressRules
    resolve: Resolver

    @property
    def limits(self) -> EgressLimits:
        return self.order.limits


class Conversation:
    """One connection, from its first byte to its end."""

    def __init__(self, setting: Setting, client: Streams) -> None:
        self._setting = setting
        self._reader, self._writer = client
        self._began_s = asyncio.get_running_loop().time()
        self._counted = Counted()
        self._dialled: Dialled | None = None
        self._request: Request | None = None
        self._refusal: Refusal | None = None
        self._is_asked = False

    async def hold(self) -> None:
        """Serve to the end; the caller closes the browser's side and asks for the :meth:`report`."""
        try:
            read = await self._read_request()
            if read is None:
                return
            self._is_asked = True
            if isinstance(read, Refusal):
                self._refusal = read
                await self._answer(read, "")
            elif _is_start_page(read):
                self._is_asked = False
                await self._write(start_page(self._setting.order.destinations, self._setting.order.contact))
            else:
                self._request = read
                await self._serve(read)
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the two sides went away, or the time was over
        finally:
            if self._dialled is not None:
                self._dialled.streams[1].close()

    def report(self) -> Report | None:
        """What came of it, however it ended. None: nothing was asked but the start page."""
        if not self._is_asked:
            return None
        request = self._request
        return Report(
            host=request.host if request else "",
            port=request.port if request else 0,
            refusal=self._refusal,
            address=self._dialled.address if self._dialled else "",
            bytes_out=self._counted.outward,
            bytes_in=self._counted.inward,
            took_s=round(asyncio.get_running_loop().time() - self._began_s, 3),
        )

    async def _read_request(self) -> Request | Refusal | None:
        try:
            async with asyncio.timeout(self._setting.limits.head_deadline_s):
                head = await self._reader.readuntil(_END)
        except asyncio.IncompleteReadError as error:
            return Refusal.MALFORMED if error.partial else None
        except asyncio.LimitOverrunError:
            return Refusal.MALFORMED
        except TimeoutError:
            return Refusal.TOO_SLOW
        if len(head) > self._setting.limits.head_bytes:
            return Refusal.MALFORMED
        request = parse_request(head)
        return Refusal.MALFORMED if isinstance(request, Malformed) else request

    async def _serve(self, request: Request) -> None:
        dialled = await self._dial(request)
        if isinstance(dialled, Refusal):
            self._refusal = dialled
            await self._answer(dialled, request.host)
            return
        self._dialled = dialled
        if request.is_tunnel:
            self._refusal = await self._serve_tunnel(request, dialled.streams)
        else:
            await self._serve_plain(request, dialled.streams)

    async def _dial(self, request: Request) -> Dialled | Refusal:
        if not is_listed(self._setting.rules, request.scheme, request.host, request.port):
            return Refusal.NOT_LISTED
        return await dial(
            self._setting.rules,
            request.host,
            request.port,
            is_tunnel=request.is_tunnel,
            resolve=self._setting.resolve,
            deadline_s=self._setting.limits.connect_deadline_s,
        )

    async def _serve_tunnel(self, request: Request, server: Streams) -> Refusal | None:
        """A refusal after the tunnel is open has no page: the browser would take it for a broken handshake."""
        await self._write(_ESTABLISHED)
        hello = await self._read_hello()
        if isinstance(hello, Refusal):
            return hello
        if not is_same_server(hello[0], request.host):
            return Refusal.NAME_MISMATCH
        server[1].write(hello[1])
        await server[1].drain()
        self._counted.outward += len(hello[1])
        limits = RelayLimits(self._setting.limits.idle_s, self._setting.limits.lifetime_s)
        await relay((self._reader, self._writer), server, self._counted, limits)
        return None

    async def _read_hello(self) -> tuple[HelloName, bytes] | Refusal:
        """The whole ClientHello and its bytes: not one of them has gone to the server before it is judged."""
        data = b""
        try:
            async with asyncio.timeout(self._setting.limits.head_deadline_s):
                while part := await self._reader.read(16384):
                    data += part
                    match read_hello(data):
                        case HelloName() as hello:
                            return hello, data
                        case NotTls():
                            return Refusal.NOT_TLS
                        case Incomplete():
                            continue
        except TimeoutError:
            return Refusal.TOO_SLOW
        return Refusal.NOT_TLS

    async def _serve_plain(self, request: Request, server: Streams) -> None:
        """One request and its answer, then the connection ends: no second request can hide behind the first."""
        server[1].write(request.forwarded if self._setting.rules.parent is None else request.target)
        left, idle_s = request.body_bytes, self._setting.limits.idle_s
        async with asyncio.timeout(self._setting.limits.lifetime_s):
            while left and (data := await asyncio.wait_for(self._reader.read(min(left, 65536)), idle_s)):
                server[1].write(data)
                await server[1].drain()
                left -= len(data)
                self._counted.outward += len(data)
            if left == 0:
                await pass_response(server[0], self._writer, self._counted, idle_s)

    async def _answer(self, refusal: Refusal, host: str) -> None:
        """Then whatever the browser still sends is read and dropped: closing on it could take the page away again."""
        await self._write(refusal_page(refusal, host, self._setting.order.contact))
        self._writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                while await self._reader.read(65536):
                    pass

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


def _is_start_page(request: Request) -> bool:
    return not request.is_tunnel and request.host == START_HOST
