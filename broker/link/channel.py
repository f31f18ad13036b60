"""One connection of the wire: frames in, frames out, and how it ends. It never waits for anything but its own peer."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import msgspec
import structlog
from aiohttp import WebSocketError, WSCloseCode, WSMsgType, web

from broker.errors import StoreError, WireError
from broker.link.limits import LinkLimits
from broker.wire.codec import encode
from broker.wire.messages import ToAgent, ToGateway

_log: Final = structlog.get_logger(__name__)
_MAX_REASON_BYTES: Final = 123  # RFC 6455 section 5.5: a control frame carries at most 125 bytes
_CLOSE_DEADLINE_S: Final = 2.0


class Farewell(msgspec.Struct, frozen=True):
    """Why a connection ended: the close code (RFC 6455 section 7.4) and plain words."""

    code: int
    reason: str


PEER_CLOSED: Final = Farewell(WSCloseCode.OK, "closed by the peer")
LINE_LOST: Final = Farewell(WSCloseCode.ABNORMAL_CLOSURE, "the line is gone")
TOO_SLOW: Final = Farewell(WSCloseCode.POLICY_VIOLATION, "the peer does not read")
SILENT: Final = Farewell(WSCloseCode.POLICY_VIOLATION, "the peer was silent")
BOOKS_AWAY: Final = Farewell(WSCloseCode.TRY_AGAIN_LATER, "the books are not at hand")
FAULT: Final = Farewell(WSCloseCode.INTERNAL_ERROR, "fault of the broker")
STOPPING: Final = Farewell(WSCloseCode.GOING_AWAY, "the broker is stopping")
REPLACED: Final = Farewell(4001, "replaced by a newer connection")


class Channel:
    """A WebSocket with a bounded queue of its own towards the peer."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.BaseTransport | None, limits: LinkLimits):
        self._socket = socket
        self._transport = transport
        self._limits = limits
        self._unsent: asyncio.Queue[str] = asyncio.Queue(limits.max_unsent)
        self._farewell: asyncio.Future[Farewell] = asyncio.get_running_loop().create_future()
        self.stopped: Final = asyncio.Event()
        """Set once nothing of this connection works on any more."""

    def send(self, message: ToGateway | ToAgent) -> None:
        """Queue one message. A peer for which too many wait loses its connection."""
        try:
            self._unsent.put_nowait(encode(message))
        except asyncio.QueueFull:
            self.end(TOO_SLOW)

    def end(self, farewell: Farewell) -> None:
        """Let the connection end; the first reason counts."""
        if not self._farewell.done():
            self._farewell.set_result(farewell)

    async def receive(self) -> str | None:
        """The text of the next frame; None when the peer has closed. Raises :class:`WireError`."""
        frame = await self._socket.receive()
        if frame.type is WSMsgType.TEXT:
            return str(frame.data)
        if frame.type is WSMsgType.BINARY:
            raise WireError("a binary frame")
        if frame.type is WSMsgType.ERROR:
            if isinstance(frame.data, WebSocketError):
                raise WireError("a frame that can't be read")
            raise ConnectionResetError
        return None

    async def run(self, *work: Coroutine[None, None, None]) -> Farewell:
        """Work until the first part ends or :meth:`end` is called, then close. Answers why it ended."""
        tasks = [asyncio.ensure_future(part) for part in (*work, self._write())]
        try:
            parts: list[asyncio.Future[Any]] = [*tasks, self._farewell]
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.stopped.set()
        self.end(_farewell_after(tasks))
        await self.close(self._farewell.result())
        return self._farewell.result()

    async def close(self, farewell: Farewell) -> None:
        """Say why and close; a peer that does not listen is cut off."""
        reason = farewell.reason.encode()[:_MAX_REASON_BYTES]
        try:
            async with asyncio.timeout(_CLOSE_DEADLINE_S):
                await self._socket.close(code=farewell.code, message=reason)
        except (TimeoutError, ConnectionError):
            if isinstance(self._transport, asyncio.WriteTransport):
                self._transport.abort()

    async def _write(self) -> None:
        while True:
            frame = await self._unsent.get()
            try:
                async with asyncio.timeout(self._limits.send_deadline_s):
                    await self._socket.send_str(frame)
            except TimeoutError:
                self.end(TOO_SLOW)
                return


def _farewell_after(tasks: Sequence["asyncio.Future[None]"]) -> Farewell:
    """What the parts of a connection ended with: the first error, or that the peer closed."""
    for task in tasks:
        if task.cancelled():
            continue
        match task.exception():
            case None:
                pass
            case WireError() as error:
                return Farewell(WSCloseCode.PROTOCOL_ERROR, str(error))
            case StoreError() | TimeoutError():
                return BOOKS_AWAY
            case ConnectionError():
                return LINE_LOST
            case error:
                _log.error("wire.connection_failed", exc_info=error)
                return FAULT
    return PEER_CLOSED
