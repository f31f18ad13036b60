"""The static provider: hosts that run by themselves."""

import asyncio
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from broker.model.kinds import DesktopProtocol
from broker.model.records import Desktop, Endpoint
from broker.ports import DesktopUp, LogsOff, MakesCredentials, Observation, ProviderFailure, StartOrder
from pools.probe import Speaks, probe
from pools.static import StaticProvider
from tests.broker.link.fakes import until
from tests.pools.conformance import ProviderConformance
from tests.pools.rows import ZONE, desktop, pool

VNC, RDP = DesktopProtocol.VNC, DesktopProtocol.RDP
LOOPBACK = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe_socket:
        probe_socket.bind((LOOPBACK, 0))
        return int(probe_socket.getsockname()[1])


class StaticRig:
    """Three hosts on loopback ports, each a process of its own."""

    stays_up = True

    def __init__(self, protocol: DesktopProtocol, folder: Path) -> None:
        self.protocol = protocol
        self.folder = folder
        self.provider = StaticProvider(remember_s=0)
        self.pool = pool("static", protocol)
        self.ports = [free_port() for _ in range(3)]
        self.desktops = [
            desktop(f"h{number}", Endpoint(host=LOOPBACK, port=port)) for number, port in enumerate(self.ports)
        ]
        self.processes: dict[int, asyncio.subprocess.Process] = {}

    async def start_hosts(self) -> None:
        """One after the other: X servers that look for a free display at the same time may choose the same."""
        for port in self.ports:
            async with asyncio.timeout(20):
                while not await self.may_connect(Endpoint(host=LOOPBACK, port=port)):
                    if port not in self.processes or self.processes[port].returncode is not None:
                        self.processes[port] = await self._launch(port)
                    await asyncio.sleep(0.05)

    async def _launch(self, port: int) -> asyncio.subprocess.Process:
        nowhere = asyncio.subprocess.DEVNULL
        command = _xvnc(port) if self.protocol is VNC else _xrdp(port, self.folder)
        return await asyncio.create_subprocess_exec(*command, stdout=nowhere, stderr=nowhere)

    async def may_connect(self, endpoint: Endpoint) -> bool:
        return await probe(self.protocol, endpoint.host, endpoint.port, deadline_s=3) == Speaks()

    async def lose(self, desktop: Desktop) -> None:
        assert desktop.endpoint is not None
        await _end(self.processes[desktop.endpoint.port])


def _xvnc(port: int) -> list[str]:
    return [
        "Xvnc", "-displayfd", "1", "-rfbport", str(port), "-localhost", "-SecurityTypes", "None", "-geometry",
        "200x150", "-nolisten", "tcp", "-nolisten", "local",
    ]  # fmt: skip


def _xrdp(port: int, folder: Path) -> list[str]:
    """Only the listener: a probe never reaches the session manager. It writes its pid into /run, so that gets
    a folder of its own."""
    here = folder / str(port)
    here.mkdir(exist_ok=True)
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=rdp.test",
            "-keyout", str(here / "key.pem"), "-out", str(here / "cert.pem"),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    (here / "xrdp.ini").write_text(f"""
[Globals]
ini_version=1
fork=true
port=tcp://{LOOPBACK}:{port}
security_layer=negotiate
crypt_level=high
certificate={here}/cert.pem
key_file={here}/key.pem
ssl_protocols=TLSv1.2, TLSv1.3
[Logging]
LogFile={here}/xrdp.log
LogLevel=INFO
EnableSyslog=false
""")
    return [
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
        'mount -t tmpfs run /run && exec xrdp --nodaemon --config "$1"', "xrdp", str(here / "xrdp.ini"),
    ]  # fmt: skip


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.fixture(params=[VNC, RDP])
async def rig(request: pytest.FixtureRequest) -> AsyncGenerator[StaticRig]:
    program = {VNC: "Xvnc", RDP: "xrdp"}[request.param]
    assert shutil.which(program), f"{program} is missing"
    with tempfile.TemporaryDirectory(prefix="hosts") as name:
        rig = StaticRig(request.param, Path(name))
        try:
            await rig.start_hosts()
            yield rig
        finally:
            for process in rig.processes.values():
                await _end(process)


@pytest.mark.real
class TestStaticProvider(ProviderConformance):
    async def test_it_neither_logs_off_nor_makes_accounts(self, rig: StaticRig) -> None:
        assert not isinstance(rig.provider, LogsOff)
        assert not isinstance(rig.provider, MakesCredentials)

    async def test_a_host_may_be_looked_at_again_and_again(self, rig: StaticRig) -> None:
        for _ in range(30):
            assert isinstance(await rig.provider.start(_order(rig.desktops[0], rig.protocol)), DesktopUp)


def _order(row: Desktop, protocol: DesktopProtocol) -> StartOrder:
    return StartOrder(pool=pool("static", protocol), zone=ZONE, desktop=row, credential={}, home_key=None)


async def test_a_host_without_an_address_is_a_lasting_failure() -> None:
    provider = StaticProvider()
    outcome = await provider.start(_order(desktop("h1"), VNC))
    assert isinstance(outcome, ProviderFailure)
    assert not outcome.is_transient
    assert await provider.observe(pool("static"), [desktop("h1")]) == Observation(frozenset())


async def test_a_host_that_does_not_answer_is_a_passing_failure() -> None:
    outcome = await StaticProvider().start(_order(desktop("h1", Endpoint(host=LOOPBACK, port=free_port())), VNC))
    assert isinstance(outcome, ProviderFailure)
    assert outcome.is_transient


class Greeter:
    """A TCP host that greets in RFB after a while, and counts who is there at once."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.callers = self.most = self.total = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.callers += 1
        self.total += 1
        self.most = max(self.most, self.callers)
        try:
            await asyncio.sleep(self.delay_s)
            writer.write(b"RFB 003.008\n")
            await reader.read()
        finally:
            self.callers -= 1
            writer.close()


async def test_hundreds_of_hosts_are_looked_at_a_bounded_number_at_a_time_and_remembered() -> None:
    greeter = Greeter(0.01)
    async with await asyncio.start_server(greeter.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        rows = [desktop(f"h{n}", Endpoint(host=f"127.0.{n // 250}.{n % 250 + 1}", port=port)) for n in range(300)]
        provider = StaticProvider(max_probes=16, remember_s=60)
        # Only 127.0.0.1 listens: the others are refused at once.
        seen = await provider.observe(pool("static"), rows)
        assert seen == Observation(frozenset({rows[0].id}))
        await provider.observe(pool("static"), rows)
        assert greeter.total == 1
        shared = [desktop(f"u{n}", Endpoint(host="localhost", port=port)) for n in range(5)]
        assert await provider.observe(pool("static"), shared) == Observation(frozenset(row.id for row in shared))
        assert greeter.total == 2
        same = [desktop(f"s{n}", Endpoint(host=f"127.{n}.0.1", port=port)) for n in range(40)]
    greeter = Greeter(0.01)
    async with await asyncio.start_server(greeter.serve, "0.0.0.0", port):
        provider = StaticProvider(max_probes=4, remember_s=0)
        assert await provider.observe(pool("static"), same) == Observation(frozenset(row.id for row in same))
        assert greeter.most <= 8  # a host may see a caller's end a moment after the next one came
        await until(lambda: greeter.callers == 0)


async def test_an_observation_that_takes_too_long_is_a_failure() -> None:
    greeter = Greeter(60)
    async with await asyncio.start_server(greeter.serve, "0.0.0.0", 0) as server:
        port = server.sockets[0].getsockname()[1]
        rows = [desktop(f"h{n}", Endpoint(host=f"127.0.0.{n + 1}", port=port)) for n in range(10)]
        provider = StaticProvider(max_probes=1, probe_deadline_s=0.2, observe_deadline_s=0.5)
        assert isinstance(await provider.observe(pool("static"), rows), ProviderFailure)
