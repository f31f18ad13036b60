"""A door to the RDP host: a loopback port of this machine, joined to the Unix socket of a host without network.

Run as a process of its own around the host's command line:
``python -m sekisho.demo.rdp_forward PORT SOCKET COMMAND …``. It ends when the host ends, and when its own input
closes; the host's input is a pipe that only this process holds, so that the host ends with it, however it ends.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Final

_CHUNK_BYTES: Final = 64 * 1024
_POLL_S: Final = 0.05
_GRACE_S: Final = 5.0


async def forward(port: int, socket: Path, command: list[str]) -> int:
    """Run the host and forward to it until either side is done; returns its exit code."""
    host = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
    tasks = [asyncio.create_task(host.wait()), asyncio.create_task(_wait_for_end_of_input())]
    server = asyncio.create_task(_serve(port, socket))
    try:
        await asyncio.wait([*tasks, server], return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.cancel()
        if host.stdin is not None:
            host.stdin.close()
        await _end(host)
    if server.done() and not server.cancelled() and (fault := server.exception()) is not None:
        raise fault
    return host.returncode or 0


async def _end(host: asyncio.subprocess.Process) -> None:
    """Its input is closed; a host that does not take the hint is killed (below sudo only sudo itself can be)."""
    try:
        async with asyncio.timeout(_GRACE_S):
            await host.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            host.kill()


async def _wait_for_end_of_input() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(_CHUNK_BYTES):
        pass


async def _serve(port: int, socket: Path) -> None:
    """The port opens only when the host listens, so that an open port means an RDP host."""
    while not _is_open(socket):  # noqa: ASYNC110 -- another program's file: nobody tells us
        await asyncio.sleep(_POLL_S)

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _join(reader, writer, socket)

    server = await asyncio.start_server(join, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def _is_open(socket: Path) -> bool:
    """Whether the host listens and has opened its socket to us."""
    return socket.is_socket() and os.access(socket, os.W_OK)


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: Path) -> None:
    """One connection, both ways, until one side closes."""
    try:
        host_reader, host_writer = await asyncio.open_unix_connection(socket)
    except OSError:
        writer.close()
        return
    there = asyncio.create_task(_copy(reader, host_writer))
    back = asyncio.create_task(_copy(host_reader, writer))
    try:
        await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
    finally:
        there.cancel()
        back.cancel()
        writer.close()
        host_writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(_CHUNK_BYTES):
            target.write(chunk)
            await target.drain()


if __name__ == "__main__":
    _socket = Path(sys.argv[2])
    _socket.unlink(missing_ok=True)  # a socket that is there means a host that listens
    sys.exit(asyncio.run(forward(int(sys.argv[1]), _socket, sys.argv[3:])))
