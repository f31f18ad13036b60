"""A line to a real directory that can be slow, or lose what comes back; TLS goes through it untouched."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_APPLICATION_DATA = 23
"""Type of the TLS records (RFC 8446, section 5.1) that carry a client's Finished, and all that it says later."""


class Relay:
    """``delay_s`` holds back every piece of an answer, on the ``delay_from``-th connection and later ones.

    From the ``deaf_from``-th connection on (from 1) nothing comes back once the client has said something after its
    handshake: the request arrives, the answer is lost.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.delay_s = 0.0
        self.delay_from = 1
        self.deaf_from: int | None = None
        self.hangs_up_from: int | None = None
        """The same, but the connection is cut instead."""
        self.port = 0
        self.connections = 0
        self.calls: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.calls.add(asyncio.create_task(self._serve(self.connections, reader, writer)))

    async def _serve(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = asyncio.Event()
        back_reader, back_writer = await asyncio.open_connection(*self._target)
        back = asyncio.create_task(self._carry_back(number, back_reader, writer, said))
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._carry_there(reader, back_writer, said)
        finally:
            back.cancel()
            for each in (back_writer, writer):
                each.transport.abort()

    async def _carry_there(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: asyncio.Event
    ) -> None:
        records = 0
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(int.from_bytes(head[3:]))
            records += head[0] == _APPLICATION_DATA
            if records > 1:
                said.set()
            writer.write(head + body)
            await writer.drain()

    async def _carry_back(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            if self.delay_s and number >= self.delay_from:
                await asyncio.sleep(self.delay_s)
            if said.is_set() and self.hangs_up_from is not None and number >= self.hangs_up_from:
                writer.transport.abort()
                return
            if said.is_set() and self.deaf_from is not None and number >= self.deaf_from:
                continue
            with contextlib.suppress(OSError):
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def relay_to(host: str, port: int) -> AsyncIterator[Relay]:
    """Listen at the same address on another port, so that the directory's certificate fits."""
    relay = Relay(host, port)
    listener = await asyncio.start_server(relay.accept, host, 0)
    relay.port = listener.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        listener.close()
        await listener.wait_closed()
        for call in relay.calls:
            call.cancel()
        await asyncio.gather(*relay.calls, return_exceptions=True)
