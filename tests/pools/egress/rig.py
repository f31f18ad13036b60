"""A proxy over real sockets, with servers on the loopback and a resolver of the test's own."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from pools.egress.model import EgressLimits, EgressOrder, Report
from pools.egress.server import EgressServer

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HOST = "www.example.jp"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"


class Names:
    """A resolver that answers as told, each answer for one question; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers) or [["127.0.0.1"]]
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise socket.gaierror("no such name")
        return answer


class Proxy:
    """One running proxy: how to speak with it, and what it reported."""

    def __init__(self, path: Path, order: EgressOrder, names: Names) -> None:
        self.path = path
        self.server = EgressServer(order, self.tell, names)
        self.reports: list[Report] = []
        self.reported = asyncio.Event()

    def tell(self, report: Report) -> None:
        self.reports.append(report)
        self.reported.set()

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self.path))

    async def say(self, data: bytes) -> bytes:
        """Send all of it, and read until the proxy ends the connection."""
        reader, writer = await self.open()
        writer.write(data)
        try:
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()

    async def connect(self, place: str) -> tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]:
        """Ask for a tunnel: the status line and the streams."""
        reader, writer = await self.open()
        writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return head.split(b"\r\n")[0], reader, writer

    async def last_report(self) -> Report:
        await asyncio.wait_for(self.reported.wait(), 10)
        return self.reports[-1]


@contextlib.asynccontextmanager
async def proxy(folder: Path, *destinations: str, names: Names | None = None, **order: Any) -> AsyncGenerator[Proxy]:
    """A proxy for these destinations, whose names lead to the loopback."""
    limits = EgressLimits(**order.pop("limits", {}))
    order.setdefault("open_ranges", ("127.0.0.0/8",))
    told = EgressOrder(destinations=destinations, limits=limits, **order)
    path = folder / "proxy.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    running = Proxy(path, told, names or Names())
    task = asyncio.create_task(running.server.serve(listener))
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def listening(handler: Handler) -> AsyncGenerator[int]:
    """A server on a free port of the loopback."""
    visits: set[asyncio.Task[None]] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.add(asyncio.create_task(visit(reader, writer)))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*visits), 10)


class Site:
    """A web server that keeps what it was asked and answers the same to everybody."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError):
            data = await reader.read(65536)
            while data.startswith(b"POST") and data.endswith(b"\r\n\r\n"):
                data += await reader.read(65536)  # the body
            self.asked.append(data)
            if data:
                writer.write(self.answer)
                await writer.drain()
        writer.close()
