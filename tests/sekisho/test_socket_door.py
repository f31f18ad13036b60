"""The door of a network without interfaces: bytes pass it whole in both directions, and it ends with its program."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sekisho.parts import socket_door
from sekisho.parts.own_network import Bridge, OwnNetwork, enter_network, prepare_network
from sekisho.supervisor.child import is_unix_open

ECHO = """
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def serve(caller):
    while chunk := caller.recv(65536):
        if chunk == b"end":
            import os; os._exit(7)
        caller.sendall(chunk)
    caller.close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
ASK = """
import socket, sys
caller = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
caller.sendall(b"from inside")
answer = caller.recv(100)
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[2])), 2)
    answer += b" and met the host"
except OSError:
    pass
print(answer.decode(), flush=True)
listener = socket.create_server(("127.0.0.1", 4822))
listener.accept()
sys.stdin.read()
"""


async def wait_open(door: Path) -> None:
    async with asyncio.timeout(20):
        while not await is_unix_open(door):  # noqa: ASYNC110 -- another program's socket
            await asyncio.sleep(0.02)


@asynccontextmanager
async def door(tmp_path: Path, port: int, program: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", socket_door.__file__, str(tmp_path / "door.sock"), str(port),
        "--", "setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-c", program, *arguments,
    )  # fmt: skip
    try:
        await wait_open(tmp_path / "door.sock")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_bytes_pass_whole_and_in_order(tmp_path: Path, unused_tcp_port: int) -> None:
    async with door(tmp_path, unused_tcp_port, ECHO, str(unused_tcp_port)):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "door.sock"))
        sent = bytes(range(256)) * 40_000
        writer.write(sent)
        assert await reader.readexactly(len(sent)) == sent
        writer.close()
        await writer.wait_closed()


async def test_what_comes_at_once_is_not_lost(tmp_path: Path, unused_tcp_port: int) -> None:
    """A caller that speaks before the other side is there is heard all the same."""
    async with door(tmp_path, unused_tcp_port, ECHO, str(unused_tcp_port)):
        for _ in range(50):
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "door.sock"))
            writer.write(b"6.select,3.vnc;")
            assert await asyncio.wait_for(reader.readexactly(15), 10) == b"6.select,3.vnc;"
            writer.close()
            await writer.wait_closed()


async def test_it_ends_with_its_program(tmp_path: Path, unused_tcp_port: int) -> None:
    async with door(tmp_path, unused_tcp_port, ECHO, str(unused_tcp_port)) as process:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "door.sock"))
        writer.write(b"end")
        assert await reader.read() == b""
        assert await asyncio.wait_for(process.wait(), 10) == 7
        writer.close()


@pytest.mark.real
async def test_inside_there_is_nothing_but_the_bridge(tmp_path: Path, unused_tcp_port_factory) -> None:  # type: ignore[no-untyped-def]  # the plugin's
    """A part in a network of its own meets the socket that is bridged to it, and not the host's loopback."""
    bridged, hosts = unused_tcp_port_factory(), unused_tcp_port_factory()
    outside = tmp_path / "outside"
    outside.mkdir()
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.write(b"from outside")
        writer.close()
        await writer.wait_closed()

    async with (
        await asyncio.start_unix_server(answer, str(outside / "host.sock")),
        await asyncio.start_server(answer, "127.0.0.1", hosts),
    ):
        network = OwnNetwork(folder=tmp_path / "net", bridges=(Bridge(port=bridged, socket=outside / "host.sock"),))
        prepare_network(network, None)
        seen = {name: str(path) for name, path in network.folders().items()}
        python = shutil.which("python3", path="/usr/bin")
        assert python
        process = await asyncio.create_subprocess_exec(
            *enter_network(network, seen, 4822), python, "-c", ASK, str(bridged), str(hosts),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            assert await asyncio.wait_for(process.stdout.readline(), 20) == b"from outside\n"
            assert heard == [b"from inside"]
            await wait_open(network.socket)
        finally:
            await asyncio.wait_for(process.communicate(b""), 20)  # the end of its input ends it
