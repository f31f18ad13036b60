"""The probes against hosts that speak, and hosts that do not."""

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.model.kinds import DesktopProtocol
from pools.probe import Silent, Speaks, probe
from tests.broker.link.fakes import until

RDP, VNC = DesktopProtocol.RDP, DesktopProtocol.VNC


@asynccontextmanager
async def host(answer: bytes, *, closes: bool = True) -> AsyncGenerator[tuple[int, bytearray]]:
    """A host that says ``answer`` to whoever comes. Yields its port and what it was told."""
    told = bytearray()
    going = asyncio.Event()
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(answer)
            if answer or not closes:
                told.extend(await reader.read(1024))
            if not closes:
                await going.wait()
            writer.close()
            await writer.wait_closed()
        except ConnectionError:
            return

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], told
        going.set()
        await asyncio.gather(*handlers)


async def ask(protocol: DesktopProtocol, answer: bytes, *, closes: bool = True) -> Speaks | Silent:
    async with host(answer, closes=closes) as (port, _):
        return await probe(protocol, "127.0.0.1", port, deadline_s=0.5)


CONFIRM = bytes.fromhex("030000130ed000001234000209080002000000")
REFUSAL = bytes.fromhex("030000130ed000001234000300080005000000")
OLD_CONFIRM = bytes.fromhex("0300000b06d00000123400")


@pytest.mark.parametrize("answer", [CONFIRM, REFUSAL, OLD_CONFIRM, CONFIRM + b"more"])
async def test_a_host_that_confirms_or_refuses_to_negotiate_speaks_rdp(answer: bytes) -> None:
    assert await ask(RDP, answer) == Speaks()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"RFB 003.008\n" * 3,
        bytes.fromhex("030000040000"),
        bytes.fromhex("0300ffff") + bytes(600),
        bytes.fromhex("030000130ee000001234000209080002000000"),
        bytes.fromhex("030000130dd000001234000209080002000000"),
    ],
)
async def test_a_host_that_speaks_something_else_does_not_speak_rdp(answer: bytes) -> None:
    assert isinstance(await ask(RDP, answer), Silent)


async def test_the_request_is_that_of_the_specification() -> None:
    async with host(CONFIRM) as (port, told):
        await probe(RDP, "127.0.0.1", port, deadline_s=1)
        await until(lambda: bool(told))
        assert bytes(told) == bytes.fromhex("030000130ee000000000000100080003000000")
        assert struct.unpack(">H", told[2:4])[0] == len(told)


@pytest.mark.parametrize("answer", [b"RFB 003.008\n", b"RFB 003.003\n", b"RFB 004.001\n"])
async def test_a_host_that_greets_speaks_vnc(answer: bytes) -> None:
    assert await ask(VNC, answer) == Speaks()


@pytest.mark.parametrize("answer", [b"RFC 003.008\n", b"RFB 003,008\n", b"RFB 003.0080", CONFIRM])
async def test_a_host_that_greets_otherwise_does_not_speak_vnc(answer: bytes) -> None:
    assert isinstance(await ask(VNC, answer), Silent)


@pytest.mark.parametrize("protocol", [RDP, VNC])
@pytest.mark.parametrize("answer", [b"", b"RFB", b"\x03\x00\x00"])
async def test_a_host_that_hangs_costs_the_deadline_and_one_that_closes_costs_nothing(
    protocol: DesktopProtocol, answer: bytes
) -> None:
    began_s = asyncio.get_running_loop().time()
    hung = await ask(protocol, answer, closes=False)
    assert isinstance(hung, Silent)
    assert "did not answer" in hung.fault
    assert asyncio.get_running_loop().time() - began_s < 5
    assert isinstance(await ask(protocol, answer), Silent)


@pytest.mark.parametrize("name", ["127.0.0.1", "no-such-host.invalid", "x" * 300, "a..b", "ホスト.invalid"])
async def test_a_host_that_is_not_there_is_named(name: str) -> None:
    async with host(b"") as (port, _):
        pass
    outcome = await probe(RDP, name, port, deadline_s=5)
    assert isinstance(outcome, Silent)
    assert name in outcome.fault


@settings(max_examples=20, deadline=None)
@given(answer=st.binary(max_size=64), protocol=st.sampled_from([RDP, VNC]))
async def test_no_answer_breaks_a_probe(answer: bytes, protocol: DesktopProtocol) -> None:
    assert isinstance(await ask(protocol, answer), Speaks | Silent)
