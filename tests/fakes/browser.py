"""Browsers' ends of the tunnel, named for how they behave."""

import asyncio
import base64
import os
import ssl
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import aiohttp

from gateway.protocol import Elements, InstructionReader, encode_instruction
from tests.fakes.broker import TUNNEL_COOKIE

ORIGIN = "http://localhost:8400"
HEADERS = {"Origin": ORIGIN, "Cookie": f"__Host-sekisho_tunnel={TUNNEL_COOKIE}"}


class ObedientBrowser:
    """Does what guacamole-common-js does: reads all, acknowledges every frame and every blob."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.instructions: list[Elements] = []
        self.messages: list[bytes] = []
        self.close_code: int | None = None
        self.close_reason = ""
        self._url = f"{'ws' if tls is None else 'wss'}://127.0.0.1:{port}/tunnel?undefined"
        self._tls = tls
        self._headers = HEADERS if headers is None else headers
        self._session = aiohttp.ClientSession()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self.is_rendering = True

    async def __aenter__(self) -> Self:
        try:
            self._socket = await self._session.ws_connect(
                self._url,
                protocols=("guacamole",),
                headers=self._headers,
                ssl=self._tls or True,
                compress=0,
                max_msg_size=0,
                timeout=aiohttp.ClientWSTimeout(ws_close=0.5),
            )
        except BaseException:
            await self._session.close()
            raise
        self._reader = asyncio.create_task(self._read(self._socket))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._reader is not None
        assert self._socket is not None
        await self._socket.close()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._session.close()

    @property
    def is_closed(self) -> bool:
        return self.close_code is not None

    async def say(self, *instructions: bytes) -> None:
        assert self._socket is not None
        await self._socket.send_frame(b"".join(instructions), aiohttp.WSMsgType.TEXT)

    async def show_ticket(self, ticket: str, *display: str) -> None:
        await self.say(encode_instruction("", "ticket", ticket, *display))

    def opcodes(self) -> list[bytes]:
        return [elements[0] for elements in self.instructions]

    def text(self) -> bytes:
        """Everything that came, as it came."""
        return b"".join(self.messages)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                break
            message = frame.data.encode()
            self.messages.append(message)
            reader = InstructionReader()
            reader.feed(message)
            while (elements := reader.next()) is not None:
                self.instructions.append(elements)
                await self._render(elements)
            assert reader.take_rest() == b"", "a message did not end with an instruction"
        self.close_code = socket.close_code

    async def _render(self, elements: Elements) -> None:
        if not self.is_rendering:
            return
        if elements[0] == b"sync":
            await self.say(encode_instruction("sync", elements[1].decode()))
        elif elements[0] == b"blob":
            await self.say(encode_instruction("ack", elements[1].decode(), "OK", "0"))


def frame_text(payload: bytes) -> bytes:
    """One masked text frame (a mask of zeros) of at most 65,535 bytes."""
    size = len(payload)
    header = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return header + b"\0\0\0\0" + payload


def ask_upgrade(headers: dict[str, str]) -> bytes:
    """The request for a tunnel, as it stands on the wire."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /tunnel HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: guacamole",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def hear_all(port: int, sent: bytes, *, local_address: str = "127.0.0.1") -> bytes:
    """Everything that the gateway says to a socket that sends ``sent`` after its upgrade, up to the close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(local_address, 0))
    writer.write(ask_upgrade(HEADERS))
    await reader.readuntil(b"\r\n\r\n")
    heard = b""
    try:
        writer.write(sent)
        async with asyncio.timeout(10):
            while chunk := await reader.read(65_536):
                heard += chunk
    except ConnectionResetError:
        pass
    finally:
        writer.transport.abort()
    return heard


class HostileBrowser:
    """Has no ticket and sends ``payload`` in frame after frame, on one socket after the other."""

    def __init__(self, port: int, payload: bytes) -> None:
        self.frames = 0
        self.sockets = 0
        self._port = port
        self._frame = frame_text(payload)

    async def flood(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._flood_one()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)

    async def _flood_one(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        reading: asyncio.Task[None] | None = None
        try:
            writer.write(ask_upgrade(HEADERS))
            await reader.readuntil(b"\r\n\r\n")
            reading = asyncio.create_task(_read_to_end(reader))
            self.sockets += 1
            while not reading.done():
                writer.write(self._frame)
                self.frames += 1
                await writer.drain()
        finally:
            if reading is not None:
                reading.cancel()
            writer.transport.abort()


async def _read_to_end(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass


class StalledBrowser:
    """Shows a ticket by hand and then reads nothing."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1024)
        self.writer.write(ask_upgrade(HEADERS))
        await self.reader.readuntil(b"\r\n\r\n")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.writer is not None
        self.writer.transport.abort()

    def say(self, payload: bytes) -> None:
        """One masked text frame."""
        assert self.writer is not None
        self.writer.write(frame_text(payload))
