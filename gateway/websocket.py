"""The browser's side: aiohttp's WebSocket, with frames written straight to the transport.

Only here is anything of aiohttp's insides touched: that frames may be written to ``request.transport`` between
those of aiohttp, the close too (aiohttp's own would read whatever a browser sends for 2 s).
``tests/gateway/test_websocket.py`` notices when that stops being true.
"""

import asyncio
import struct
import uuid
from collections.abc import Awaitable, Callable
from typing import Final, Literal, cast

from aiohttp import WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from gateway.protocol import encode_instruction
from gateway.status import Closing

SUBPROTOCOL: Final = "guacamole"
MAX_MESSAGE_BYTES: Final = 65_536
WRITE_HIGH_BYTES: Final = 262_144
WRITE_LOW_BYTES: Final = 65_536
_CLOSE_TIMEOUT_S: Final = 2.0
_TEXT_FRAME: Final = 0x81
_CLOSE_FRAME: Final = 0x88
_PING_FRAME: Final = b"\x89\x00"
_MESSAGES_PER_TURN: Final = 64
_MAX_FRAMES_BEHIND_CLOSE: Final = 64
_FRAMES_OF_A_TALKER: Final = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG})


class BrowserSocket:
    """One WebSocket. Messages go to :attr:`on_message` from :meth:`pump`; :meth:`send` never waits."""

    def __init__(
        self,
        socket: "web.WebSocketResponse[Literal[False]]",
        transport: asyncio.Transport,
        writer: AbstractStreamWriter,
    ) -> None:
        self.on_message: Callable[[bytes], None] = lambda _message: None
        self.last_heard_s = asyncio.get_running_loop().time()
        """Time of the loop's clock at which anything came from the browser."""
        self._socket = socket
        self._transport = transport
        self._writer = writer

    @property
    def response(self) -> web.StreamResponse:
        """What the web server's handler has to return."""
        return self._socket

    def greet(self) -> None:
        """The first message of a Guacamole tunnel: its random identifier. It opens nothing."""
        self.send(encode_instruction("", str(uuid.uuid4())))

    def send(self, payload: bytes) -> None:
        """One text message of whole instructions (RFC 6455, section 5.2), in one write. UTF-8 is not checked."""
        if self._transport.is_closing():
            return
        size = len(payload)
        if size < 126:
            header = struct.pack("!BB", _TEXT_FRAME, size)
        elif size < 65_536:
            header = struct.pack("!BBH", _TEXT_FRAME, 126, size)
        else:
            header = struct.pack("!BBQ", _TEXT_FRAME, 127, size)
        self._transport.write(header + payload)

    def ping(self) -> None:
        """A WebSocket ping: the browser answers it even in a tab whose timers are throttled."""
        if not self._transport.is_closing():
            self._transport.write(_PING_FRAME)

    def buffered_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    @property
    def is_congested(self) -> bool:
        """More is waiting for the browser than it may."""
        return self._transport.get_write_buffer_size() > WRITE_HIGH_BYTES

    async def wait_writable(self) -> None:
        """Until the browser has read enough. Raises :class:`OSError` when it is gone."""
        await self._writer.drain()

    async def pump(self, find_obstacle: Callable[[], Awaitable[object] | None]) -> None:
        """Deliver messages until the browser is gone.

        ``find_obstacle`` is asked before each read and may give something to wait for: back-pressure.
        """
        loop = asyncio.get_running_loop()
        taken = 0
        while True:
            if (obstacle := find_obstacle()) is not None:
                await obstacle
            message = await self._socket.receive()
            self.last_heard_s = loop.time()
            match message.type:
                case WSMsgType.TEXT:
                    self.on_message(cast("bytes", message.data))
                case WSMsgType.PING:
                    await self._answer_ping(cast("bytes", message.data))
                case WSMsgType.PONG:
                    pass
                case _:
                    return
            taken += 1
            if taken % _MESSAGES_PER_TURN == 0:
                await asyncio.sleep(0)

    async def _answer_ping(self, data: bytes) -> None:
        if not self.is_congested:
            await self._socket.pong(data)

    async def close(self, closing: Closing) -> None:
        """Say code and reason, wait a little for the browser's own close, shut the socket.

        A browser that goes on talking instead is read no further than :data:`_MAX_FRAMES_BEHIND_CLOSE`; one that
        does not read is cut off.
        """
        if not self._socket.closed and not self._transport.is_closing():
            body = struct.pack("!H", closing.websocket_code) + closing.reason_text().encode("ascii")
            self._transport.write(struct.pack("!BB", _CLOSE_FRAME, len(body)) + body)
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._wait_for_close()
        except TimeoutError:
            self._transport.abort()
        finally:
            # lets what is written leave first, but not for ever
            self._transport.close()
            asyncio.get_running_loop().call_later(_CLOSE_TIMEOUT_S, self._transport.abort)

    async def _wait_for_close(self) -> None:
        for _ in range(_MAX_FRAMES_BEHIND_CLOSE):
            message = await self._socket.receive()
            if message.type not in _FRAMES_OF_A_TALKER:
                return


async def accept_browser(request: web.Request) -> BrowserSocket:
    """Answer the upgrade. Raises :class:`aiohttp.web.HTTPException` for a request that is no proper upgrade."""
    if request.transport is None:
        raise web.HTTPBadRequest
    socket: web.WebSocketResponse[Literal[False]] = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        autoclose=False,
        autoping=False,
        compress=False,
        max_msg_size=MAX_MESSAGE_BYTES,
        decode_text=False,
        timeout=_CLOSE_TIMEOUT_S,
    )
    ready = socket.can_prepare(request)
    if not ready.ok or ready.protocol != SUBPROTOCOL:
        raise web.HTTPBadRequest
    request.transport.set_write_buffer_limits(WRITE_HIGH_BYTES, WRITE_LOW_BYTES)
    writer = await socket.prepare(request)
    return BrowserSocket(socket, request.transport, writer)
