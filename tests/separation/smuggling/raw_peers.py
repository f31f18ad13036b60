"""A browser and a guacd on real sockets that keep every byte and keep to no rule."""

import asyncio
import base64
import itertools
import os
import struct
from types import TracebackType
from typing import Final, Self

from tests.fakes.browser import HEADERS
from tests.fakes.guacd import FIRST_FRAME, TalkativeGuacd, Visit
from tests.fakes.transcripts import VNC_1_3_0

_TEXT, _CONTINUED, _CLOSE, _PING = 0x1, 0x0, 0x8, 0x9
_FINAL: Final = 0x80
_MASKED: Final = 0x80


class RawBrowser:
    """Speaks WebSocket (RFC 6455) by hand, so that messages can be cut into frames anywhere."""

    def __init__(self, port: int) -> None:
        self.received = bytearray()
        self.close_code: int | None = None
        self.close_reason = ""
        self.is_gone = False
        self._port = port
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = [
            "GET /tunnel HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: guacamole", *(f"{name}: {value}" for name, value in HEADERS.items()),
        ]  # fmt: skip
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), answer
        self._task = asyncio.create_task(self._read(reader))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        assert self._writer is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.transport.abort()

    def say(self, message: bytes, frames: int = 1) -> None:
        """One text message, cut into so many frames."""
        size = max(1, -(-len(message) // frames))
        pieces = [message[place : place + size] for place in range(0, len(message), size)] or [b""]
        for number, piece in enumerate(pieces):
            first = (_CONTINUED if number else _TEXT) | (_FINAL if number == len(pieces) - 1 else 0)
            self._send(first, piece)

    def _send(self, first: int, payload: bytes) -> None:
        assert self._writer is not None
        if self._writer.transport.is_closing():
            return
        size = len(payload)
        length = struct.pack("!B", _MASKED | size) if size < 126 else struct.pack("!BH", _MASKED | 126, size)
        mask = os.urandom(4)
        masked = bytes(byte ^ key for byte, key in zip(payload, itertools.cycle(mask), strict=False))
        self._writer.write(bytes([first]) + length + mask + masked)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while not self.is_gone:
                first, second = await reader.readexactly(2)
                size = second & 0x7F
                if size >= 126:
                    size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
                self._take(first & 0x0F, await reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.is_gone = True

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode in (_TEXT, _CONTINUED):
            self.received += payload
        elif opcode == _CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big")
            self.close_reason = payload[2:].decode()
            self._send(_FINAL | _CLOSE, payload[:2])
            self.is_gone = True


class RecordingVisit:
    """What one gateway connection brought behind the handshake."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.received = bytearray()

    async def record(self) -> None:
        self.received += self.visit._instructions.take_rest()
        while data := await self.visit.reader.read(65536):
            self.received += data


class RecordingGuacd(TalkativeGuacd):
    """Goes through the handshake and keeps what comes behind it. The desktop's host name tells the case."""

    def __init__(self) -> None:
        super().__init__()
        self.cases: dict[str, RecordingVisit] = {}
        self.drawn: set[str] = set()

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        arguments = dict(zip(VNC_1_3_0, visit.received[-1][1:], strict=True))
        name = arguments["hostname"].decode()
        recording = RecordingVisit(visit)
        if name in self.drawn:
            visit.say(FIRST_FRAME)
        self.cases[name] = recording
        await recording.record()
