"""The proxy as a process of its own: who it is, what it sees, and that it comes back."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psutil
import pytest

from broker.errors import ConfigurationError
from pools.egress.model import EgressOrder, Refusal, Report
from pools.egress.process import EgressProcess
from pools.sandbox.model import HostAccount
from tests.broker.link.fakes import until
from tests.pools.egress.rig import HOST, Site, listening

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]


class Held:
    """A proxy's process as an agent holds it."""

    def __init__(self, folder: Path, *destinations: str) -> None:
        self.reports: list[Report] = []
        order = EgressOrder(destinations=destinations, open_ranges=("127.0.0.0/8",), names={HOST: ("127.0.0.1",)})
        self.folder = folder / "egress"
        self.process = EgressProcess(f"t{os.getpid()}", self.folder, order, self.reports.append)

    async def get(self, port: int) -> bytes:
        # The folder by descriptor: an address of a Unix socket is short.
        handle = os.open(self.folder, os.O_PATH)
        try:
            reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{handle}/proxy.sock")
        finally:
            os.close(handle)
        writer.write(f"GET http://{HOST}:{port}/ HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode())
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
        return answer

    def found(self) -> list[psutil.Process]:
        """The proxy's processes; others may run below this test as well."""
        running = self.process._process
        if running is None:
            return []
        try:
            sandbox = psutil.Process(running.pid)
            return [sandbox, *sandbox.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def confinement_of(pid: int) -> None:
    """No right, no way to one, and of the host's files those alone that a proxy needs."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert {fields[name].strip("0\n ") for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {""}
    assert fields["NoNewPrivs"] == "1"
    root = Path(f"/proc/{pid}/root")
    seen = {path.name for path in root.iterdir()}
    assert seen <= {"usr", "bin", "sbin", "lib", "lib64", "etc", "proc", "dev", "app"}
    assert {path.name for path in (root / "etc").iterdir()} <= {
        "ld.so.cache", "hosts", "host.conf", "nsswitch.conf", "resolv.conf", "gai.conf",
    }  # fmt: skip
    assert {path.name for path in (root / "app").iterdir()} == {"broker", "pools", "packages"}


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[Held]:
    made = Held(tmp_path, f"http://{HOST}:1")
    yield made
    running = made.found()
    await made.process.close()
    await until(lambda: not any(process.is_running() for process in running), 10)


async def test_the_way_out_is_the_desktops_account_alone(tmp_path: Path) -> None:
    """Other accounts of the host, other desktops' too, can't connect to it."""
    account = HostAccount(os.geteuid() or 61300, os.getegid() or 61300)
    order = EgressOrder(destinations=(f"http://{HOST}:1",))
    process = EgressProcess("t", tmp_path / "egress", order, lambda _report: None, account)
    process.open()
    try:
        told = (tmp_path / "egress/proxy.sock").stat()
        assert (told.st_uid, told.st_gid, told.st_mode & 0o777) == (account.uid, account.gid, 0o600)
    finally:
        await process.close()


async def test_it_serves_a_list_that_changes_and_tells_what_it_did(held: Held) -> None:
    held.process.open()
    async with listening(Site()) as port:
        assert (await held.get(port)).startswith(b"HTTP/1.1 403 ")
        await held.process.set_destinations((f"http://{HOST}:{port}",))
        async with asyncio.timeout(10):
            while not (await held.get(port)).endswith(b"ok"):
                pass
        with pytest.raises(ConfigurationError):
            await held.process.set_destinations(("*",))
        assert (await held.get(port)).endswith(b"ok")
    await held.process.close()
    assert {report.refusal for report in held.reports} == {None, Refusal.NOT_LISTED}
    assert sum(report.bytes_in for report in held.reports) > 100


async def test_it_has_no_account_and_sees_no_file_of_the_host(held: Held) -> None:
    held.process.open()
    await held.get(1)
    (proxy,) = [process for process in held.found() if process.name().startswith("python")]
    if os.geteuid() == 0:
        assert proxy.uids().real == proxy.uids().effective == 61182
    confinement_of(proxy.pid)


async def test_one_that_is_killed_comes_back_with_the_list_of_now(held: Held) -> None:
    held.process.open()
    async with listening(Site()) as port:
        await held.process.set_destinations((f"http://{HOST}:{port}",))
        assert (await held.get(port)).endswith(b"ok")
        killed = held.found()
        for process in killed:
            process.kill()
        await until(lambda: not any(process.is_running() for process in killed), 10)
        assert (await held.get(port)).endswith(b"ok"), "whoever asks meanwhile waits"


async def test_it_ends_with_its_input(tmp_path: Path) -> None:
    """An agent that is killed leaves no proxy behind: the pipe closes."""
    held = Held(tmp_path, f"http://{HOST}:1")
    held.process.open()
    await held.get(1)
    running = held.process._process
    assert running is not None
    assert running.stdin is not None
    proxies = held.found()
    running.stdin.close()
    await until(lambda: not any(process.is_running() for process in proxies), 10)
    await held.process.close()


def test_a_report_holds_no_path() -> None:
    assert {field.name for field in msgspec.structs.fields(Report)} == {
        "host", "port", "refusal", "address", "bytes_out", "bytes_in", "took_s", "count",
    }  # fmt: skip
