"""A line to a server that is cut in the middle: after so many bytes of the server's answers nothing more comes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class CutLine:
    """``answered``: bytes of answers that have crossed since it was made or mended. None: never cut."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self.port = 0
        self.cut_after: int | None = None
        self.answered = 0
        self._calls: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._calls.add(asyncio.create_task(self._join(reader, writer)))

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target, asking = await asyncio.open_connection("127.0.0.1", self._target_port)
        await asyncio.gather(self._ask(reader, asking), self._answer(target, writer))
        for end in (asking, writer):
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()

    async def _ask(self, reader: asyncio.StreamReader, asking: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                asking.write(data)
                await asking.drain()
        asking.close()

    async def _answer(self, target: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await target.read(4096):
                if self.cut_after is not None and self.answered + len(data) > self.cut_after:
                    writer.write(data[: max(0, self.cut_after - self.answered)])
                    break
                self.answered += len(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def close(self) -> None:
        await asyncio.gather(*self._calls, return_exceptions=True)


@asynccontextmanager
async def cutting_line(target_port: int) -> AsyncIterator[CutLine]:
    line = CutLine(target_port)
    listener = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    line.port = listener.sockets[0].getsockname()[1]
    try:
        yield line
        await line.close()
    finally:
        listener.close()
        await listener.wait_closed()
