"""The door of a network namespace that has no interface: Unix sockets outside, TCP on the loopback inside.

``python3 -I socket_door.py SOCKET PORT [PORT=SOCKET …] -- COMMAND …`` runs inside the namespace. It starts COMMAND;
once that listens on the loopback's PORT, SOCKET leads to it. Every further pair leads the other way: a loopback port
inside to a socket outside. It ends when COMMAND ends. It is copied to where the account that runs it can read it, so
it stands on the standard library alone.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, cast

_LOOPBACK: Final = "127.0.0.1"
_POLL_S: Final = 0.05

Dial = Callable[[Callable[[], "End"]], Awaitable[tuple[asyncio.BaseTransport, "End"]]]


class End(asyncio.Protocol):
    """One side of a joined connection: what comes in here goes out there, no faster than it is taken."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Caller(End):
    """Who came to the door. What it says before the other side is there is kept: one read, then it has to wait."""

    def __init__(self, dial: Dial) -> None:
        super().__init__()
        self._dial = dial
        self._early = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._task = asyncio.create_task(self._join())

    def data_received(self, data: bytes) -> None:
        if self.other is not None or self.transport is None:
            super().data_received(data)
            return
        self._early += data
        self.transport.pause_reading()

    async def _join(self) -> None:
        transport = self.transport
        if transport is None:
            return
        try:
            _, target = await self._dial(End)
        except OSError:
            transport.close()
            return
        self.other, target.other = target, self
        if transport.is_closing():
            self.connection_lost(None)
            return
        super().data_received(self._early)
        transport.resume_reading()


async def serve(socket: Path, port: int, bridges: Sequence[tuple[int, Path]], command: Sequence[str]) -> int:
    """The exit code of ``command``."""
    loop = asyncio.get_running_loop()
    for inner, outer in bridges:
        await loop.create_server(_caller_of_socket(outer), _LOOPBACK, inner)
    process = await asyncio.create_subprocess_exec(*command)
    ended = asyncio.create_task(process.wait())
    while not ended.done() and not await _is_open(port):  # noqa: ASYNC110 -- another program's port: nobody tells us
        await asyncio.sleep(_POLL_S)
    os.umask(0o177)
    await loop.create_unix_server(_caller_of_port(port), socket)
    return await ended


def _caller_of_socket(path: Path) -> Callable[[], Caller]:
    loop = asyncio.get_running_loop()
    return lambda: Caller(lambda factory: loop.create_unix_connection(factory, str(path)))


def _caller_of_port(port: int) -> Callable[[], Caller]:
    loop = asyncio.get_running_loop()
    return lambda: Caller(lambda factory: loop.create_connection(factory, _LOOPBACK, port))


async def _is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(_LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _read_bridge(text: str) -> tuple[int, Path]:
    port, _, path = text.partition("=")
    return int(port), Path(path)


def main(arguments: Sequence[str]) -> int:
    """See the module's text."""
    end = arguments.index("--")
    bridges = [_read_bridge(text) for text in arguments[2:end]]
    return asyncio.run(serve(Path(arguments[0]), int(arguments[1]), bridges, arguments[end + 1 :]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
