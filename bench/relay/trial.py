"""One trial: a source, one relay, browsers; and what the relay spent while nothing else changed."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.relay.peers import Peer
from bench.relay.profiles import Profile
from bench.relay.tools import Cores, Tool
from bench.relay.usage import cpu_us, memory_kb
from gateway.protocol import encode_instruction
from tests.fakes.transcripts import VNC_1_3_0

_WARM_S: Final = 1.0
_OPENED_S: Final = 90.0
_POLL_S: Final = 0.05


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What happened within ``seconds``: of the relay its CPU, of the browsers what reached them and how late."""

    seconds: float
    relay_cpu_us: float
    load_cpu_us: float
    source_cpu_us: float
    payload_bytes: int
    messages: int
    cut_messages: int
    frames: int
    skipped_frames: int
    received_instructions: int
    p50_us: int
    p99_us: int
    lost: int

    @property
    def megabytes(self) -> float:
        return self.payload_bytes / 1e6

    @property
    def relay_share(self) -> float:
        """Of its processor."""
        return self.relay_cpu_us / 1e6 / self.seconds

    @property
    def tools_share(self) -> float:
        """Of theirs: near 1 the tools are what is measured."""
        return (self.load_cpu_us + self.source_cpu_us) / 1e6 / self.seconds


class Trial:
    """A relay with its sessions open."""

    def __init__(self, peer: Peer, source: Tool, load: Tool) -> None:
        self.peer = peer
        self.source = source
        self.load = load
        self._opened = 0

    async def open(self, sessions: int) -> None:
        """So many more, each until it has shown its first frame. Raises :class:`RuntimeError` when one is lost."""
        self.load.order(f"open {sessions}")
        self._opened += sessions
        async with asyncio.timeout(_OPENED_S):
            while True:
                seen = await self.load.mark()
                if seen["lost"]:
                    raise RuntimeError(f"{self.peer.name}: {seen['lost']} of {self._opened} sessions were lost")
                if seen["shown"] >= self._opened:
                    return
                await asyncio.sleep(_POLL_S)

    async def watch(self, seconds: float, *, warm_s: float = _WARM_S) -> Window:
        """Look on for so long; the beginning does not count."""
        await asyncio.sleep(warm_s)
        clock = asyncio.get_running_loop().time
        before_load, before_source = await self.load.mark(), await self.source.mark()
        cpu, began = self.cpu_us(), clock()
        await asyncio.sleep(seconds)
        cpu_spent, took = self.cpu_us() - cpu, clock() - began
        load, source = await self.load.mark(), await self.source.mark()

        def more(after: dict[str, Any], before: dict[str, Any], name: str) -> int:
            return int(after[name] - before[name])

        return Window(
            seconds=took,
            relay_cpu_us=cpu_spent,
            load_cpu_us=more(load, before_load, "cpu_us"),
            source_cpu_us=more(source, before_source, "cpu_us"),
            payload_bytes=more(load, before_load, "payload_bytes"),
            messages=more(load, before_load, "messages"),
            cut_messages=more(load, before_load, "cut_messages"),
            frames=more(load, before_load, "frames"),
            skipped_frames=more(source, before_source, "skipped_frames"),
            received_instructions=more(source, before_source, "received_instructions"),
            p50_us=load["p50_us"],
            p99_us=load["p99_us"],
            lost=load["lost"],
        )

    def cpu_us(self) -> float:
        """Of the relay, so far."""
        return cpu_us(self.peer.pid)

    def memory_kb(self) -> float:
        return memory_kb(self.peer.pid)


class Bench:
    """Where trials are made: the built tools, the frames, the processors."""

    def __init__(self, tools: Path, cores: Cores) -> None:
        self._tools = tools
        self._cores = cores

    @asynccontextmanager
    async def trial(self, kind: type[Peer], profile: Profile, sessions: int) -> AsyncIterator[Trial]:
        """A relay on its own, with room for so many sessions; all of it ends with the block."""
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            peer = kind(folder, self._cores)
            running: list[Tool] = []
            try:
                source = await Tool.start(
                    self._cores.tools,
                    str(self._tools / "source"),
                    peer.source_mode,
                    str(profile.write(folder)),
                    str(profile.fps),
                    encode_instruction("args", *VNC_1_3_0).decode(),
                )
                running.append(source)
                await peer.start(int(await source.read_line()))
                plan = folder / "plan"
                plan.write_text("".join(f"{line}\n" for line in peer.plan(sessions)))
                load = await Tool.start(
                    self._cores.tools, str(self._tools / "load"), str(peer.port), peer.protocol, str(plan)
                )
                running.append(load)
                yield Trial(peer, source, load)
            finally:
                for tool in running:
                    await tool.stop()
                await peer.stop()
