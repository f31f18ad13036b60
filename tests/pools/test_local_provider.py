"""The local provider on real parts: the wire, an agent's process, sandboxed desktops."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import psutil
import pytest

from broker.model.records import Desktop, Endpoint
from broker.ports import ProviderFailure
from pools.local import LocalProvider
from tests.broker.link.fakes import AGENT_KEY, Wire, until
from tests.pools.conformance import Books, HomesConformance, ProviderConformance
from tests.pools.rows import ZONE, desktop, pool

pytestmark = pytest.mark.real
REPOSITORY: Final = Path(__file__).parents[2]


class LocalRig:
    """A broker's end, one agent, and desktops in sandboxes."""

    stays_up = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wire = Wire(folder)
        self.provider = LocalProvider(self.wire.agents, deadline_s=40)
        self.pool = pool("local")
        self.desktops = [desktop(f"d{number}") for number in range(3)]
        self.broker = AsyncExitStack()
        self.agent: asyncio.subprocess.Process | None = None

    def write_settings(self) -> None:
        key = self.folder / "agent.key"
        key.write_text(AGENT_KEY + "\n")
        key.chmod(0o600)
        (self.folder / "agent.toml").write_text(f"""
            agent_id = "ag1"
            wire_socket = "{self.wire.socket_path}"
            key_file = "{key}"
            zones = ["{ZONE.id}"]
            capacity = 3
            homes_dir = "{self.folder}/homes"
            sockets_dir = "{self.folder}/sockets"
            [runtime]
            cache_dir = "{self.folder}/cache"
            log_dir = "{self.folder}/logs"
        """)

    async def start_agent(self) -> None:
        self.agent = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pools.agent", "--config", str(self.folder / "agent.toml"), cwd=REPOSITORY
        )
        await until(lambda: "ag1" in self.wire.agents.serving(ZONE.id), 30)

    async def end_agent(self, number: signal.Signals) -> None:
        assert self.agent is not None
        self.agent.send_signal(number)
        await self.agent.wait()
        await until(lambda: not self.wire.agents.serving(ZONE.id))

    def sandboxes(self) -> list[psutil.Process]:
        """The sandboxes' first processes on this host, by the desktop's home that they work on."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter(["environ"]):
            environ = process.info["environ"] or {}
            if "SEKISHO_DESKTOP" in environ and self._is_of_this_agent(process):
                found.append(process)
        return found

    def _is_of_this_agent(self, process: psutil.Process) -> bool:
        try:
            return str(self.folder) in Path(f"/proc/{process.pid}/mountinfo").read_text()
        except OSError:
            return False

    async def may_connect(self, endpoint: Endpoint) -> bool:
        """Speak to the socket as guacd would; its folder is what guacd sees as ``/desktops``."""
        path = self.folder / "sockets" / ZONE.id / Path(endpoint.host).relative_to("/desktops")
        try:
            reader, writer = await asyncio.open_unix_connection(path)
            banner = await asyncio.wait_for(reader.readexactly(12), 10)
        except OSError:
            return False
        writer.close()
        return banner.startswith(b"RFB 003.")

    async def lose(self, desktop: Desktop) -> None:
        """Kill the desktop's X server from outside, and wait until the agent has seen it."""
        for process in self.sandboxes():
            # The first one that dies takes the others of its sandbox along.
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.environ().get("SEKISHO_DESKTOP") == desktop.id and process.name() == "Xvnc":
                    process.kill()
        async with asyncio.timeout(20):
            while desktop.id in await Books(self).running():  # noqa: ASYNC110 -- a question to the agent
                await asyncio.sleep(0.05)

    async def work(self, desktop: Desktop, text: str) -> None:
        """Write into the home that the desktop has mounted, as its own processes would."""
        process = next(p for p in self.sandboxes() if p.environ().get("SEKISHO_DESKTOP") == desktop.id)
        home = Path(f"/proc/{process.pid}/root/home/staff")
        folder = home / "closed" / "deep"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{text}.txt").write_text(text)
        (home / "closed").chmod(0o700)

    async def is_kept_anywhere(self, text: str) -> bool:
        return any((self.folder / "homes").rglob(f"{text}.txt"))


@pytest.fixture
async def rig() -> AsyncGenerator[LocalRig]:
    with tempfile.TemporaryDirectory(prefix="rig") as name:
        rig = LocalRig(Path(name))
        rig.write_settings()
        async with rig.broker:
            await rig.broker.enter_async_context(rig.wire.listening())
            await rig.start_agent()
            yield rig
            if rig.agent is not None and rig.agent.returncode is None:
                rig.agent.terminate()
                await rig.agent.wait()


class TestLocalProvider(ProviderConformance, HomesConformance):
    async def test_desktops_go_on_while_the_broker_is_away(self, rig: LocalRig) -> None:
        books = Books(rig)
        endpoint = await books.start_for_sure(rig.desktops[0])
        await rig.broker.aclose()
        await until(lambda: not rig.wire.agents.serving(ZONE.id))
        assert await rig.may_connect(endpoint)
        await rig.broker.enter_async_context(rig.wire.listening())
        await until(lambda: bool(rig.wire.agents.serving(ZONE.id)), 30)
        assert await books.running() == {rig.desktops[0].id}

    async def test_an_agent_that_is_away_is_a_failure_and_not_an_empty_host(self, rig: LocalRig) -> None:
        books = Books(rig)
        await books.start_for_sure(rig.desktops[0])
        await rig.end_agent(signal.SIGTERM)
        row = books.row(rig.desktops[0])
        assert isinstance(await rig.provider.observe(rig.pool, [row]), ProviderFailure)
        assert isinstance(await books.start(rig.desktops[0]), ProviderFailure)
        assert isinstance(await rig.provider.stop(rig.pool, row), ProviderFailure)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    async def test_everything_dies_with_the_agent_and_the_next_one_starts_clean(
        self, rig: LocalRig, number: signal.Signals
    ) -> None:
        books = Books(rig)
        await books.start_for_sure(rig.desktops[0])
        await books.start_for_sure(rig.desktops[1], "t1-u1")
        await rig.work(rig.desktops[0], "戸籍-1")
        await rig.work(rig.desktops[1], "起案-1")
        await rig.end_agent(number)
        await until(lambda: not rig.sandboxes())
        await rig.start_agent()
        assert await books.running() == set()
        assert not await rig.is_kept_anywhere("戸籍-1")
        assert await rig.is_kept_anywhere("起案-1")
        assert list((rig.folder / "sockets" / ZONE.id).iterdir()) == []
        assert await rig.may_connect(await books.start_for_sure(rig.desktops[0]))

    async def test_a_full_host_says_so_and_takes_the_next_when_there_is_room(self, rig: LocalRig) -> None:
        books = Books(rig)
        await asyncio.gather(*(books.start_for_sure(each) for each in rig.desktops))
        refused = await books.start(desktop("d4"))
        assert isinstance(refused, ProviderFailure)
        assert "3 places" in refused.fault
        assert refused.is_transient
        await books.stop(rig.desktops[0])
        await books.start_for_sure(desktop("d4"))

    async def test_the_desktops_run_as_nobody_of_this_host(self, rig: LocalRig) -> None:
        await Books(rig).start_for_sure(rig.desktops[0])
        owners = {process.uids().real for process in rig.sandboxes()}
        assert owners
        assert 0 not in owners or os.geteuid() != 0
