"""A server between the proxy and a service: it shows the service's own certificate, notes every byte, passes it on."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from typing import Final

from broker.wire.service_tls import TlsFiles, client_context, server_context

_REQUEST: re.Pattern[bytes] = re.compile(rb"(?:^|\r?\n)(GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS) (\S+) HTTP/")
_FAREWELL_S: Final = 0.2
"""Aborted sockets are let go of in the loop's next turns."""


class Recorder:
    """Sees what a service receives. ``shown`` is the service's certificate, ``own`` the proxy's, to speak for it."""

    def __init__(self, shown: TlsFiles, own: TlsFiles, target: tuple[str, int]) -> None:
        self.received = bytearray()
        self.added = b""
        """Headers that the service would not write: they come into the first answer of each connection."""
        self._accepts = server_context(shown)
        self._dials = client_context(own)
        self._dials.check_hostname = False
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, host, port, ssl=self._accepts)
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(_FAREWELL_S)

    def paths(self) -> list[str]:
        """What was asked for, in order, also where a body only looks like a request."""
        return [found[2].decode("latin-1") for found in _REQUEST.finditer(bytes(self.received))]

    def heads(self, path: str) -> list[str]:
        """Every head of a request for this path."""
        text = self.received.decode("latin-1")
        return re.findall(rf"GET {re.escape(path)}\S* HTTP/1\.1\r\n(.*?)\r\n\r\n", text, re.DOTALL)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            upstream_reader, upstream = await asyncio.open_connection(*self._target, ssl=self._dials)
        except OSError:
            writer.close()
            return
        back = asyncio.create_task(_pass_on(upstream_reader, writer, added=self.added))
        try:
            await _pass_on(reader, upstream, self.received)
            await back
        finally:
            back.cancel()
            for end in (upstream, writer):
                if not end.is_closing():
                    end.transport.abort()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray | None = None, added: bytes = b""
) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65_536):
            if kept is not None:
                kept += data
            if added:
                data, added = data.replace(b"\r\n", b"\r\n" + added, 1), b""
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
