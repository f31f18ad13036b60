"""What is measured, workload by workload. A round asks every relay once, in random order."""

import random
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from bench.relay.peers import PEERS, GuacamoleLite, Nginx, Peer, Sekisho
from bench.relay.profiles import Profile
from bench.relay.trial import Bench, Window

Values = dict[str, float]
"""A figure by the relay's name."""
_MOUSE_PER_S: Final = 50
_UP_SESSIONS: Final = 100
_LATE_US: Final = 50_000
_BUSY_TOOLS: Final = 0.85
_SETTLE_S: Final = 2.0


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often; ``capacity`` has the steps in which sessions are added, by relay."""

    window_s: float
    rounds: int
    idle_sessions: int
    setups: int
    capacity: Mapping[str, tuple[int, int]]


FULL: Final = Scale(
    window_s=4.0,
    rounds=3,
    idle_sessions=1000,
    setups=500,
    capacity={"sekisho": (100, 1600), "guacamole-lite": (20, 300)},
)
QUICK: Final = Scale(
    window_s=1.5,
    rounds=1,
    idle_sessions=300,
    setups=200,
    capacity={"sekisho": (200, 1000), "guacamole-lite": (40, 200)},
)


class Figures(msgspec.Struct, kw_only=True):
    """Every round's figures of one workload, by relay, and the highest share that the tools had of their processor."""

    by_relay: dict[str, list[float]] = {}
    tools_share: float = 0.0

    def add(self, name: str, figure: float, window: Window) -> None:
        self.by_relay.setdefault(name, []).append(figure)
        self.tools_share = max(self.tools_share, window.tools_share)


class Measures:
    """All workloads on one machine."""

    def __init__(self, bench: Bench, profiles: Mapping[str, Profile], scale: Scale) -> None:
        self._bench = bench
        self._profiles = profiles
        self._scale = scale

    async def cpu_per_megabyte(self, profile: str, sessions: int, into: Figures) -> None:
        """One round: microseconds of each relay's processor for a megabyte that reached its browsers."""
        for kind in _shuffled(PEERS.values()):
            window = await self._watch(kind, profile, sessions)
            into.add(kind.name, window.relay_cpu_us / window.megabytes, window)

    async def flood(self, into: Figures) -> None:
        """One round: megabytes a second through each relay, as fast as it takes them."""
        for kind in _shuffled(PEERS.values()):
            window = await self._watch(kind, "flood", 1)
            into.add(kind.name, window.megabytes / window.seconds, window)

    async def up(self, into: Figures) -> None:
        """One round: microseconds for each instruction of a browser, with the picture at rest."""
        for kind in _shuffled((Sekisho, GuacamoleLite, Nginx)):
            async with self._bench.trial(kind, self._profiles["office"], _UP_SESSIONS) as trial:
                await trial.open(_UP_SESSIONS)
                trial.load.order(f"mouse {_MOUSE_PER_S}")
                window = await trial.watch(self._scale.window_s)
                into.add(kind.name, window.relay_cpu_us / max(window.received_instructions, 1), window)

    async def lateness(self, sessions: int, into: Figures) -> None:
        """One round: p99 in milliseconds from a frame's writing to its reading."""
        for kind in _shuffled((Sekisho, Nginx)):
            window = await self._watch(kind, "office", sessions)
            into.add(kind.name, window.p99_us / 1000, window)

    async def capacity(self, kind: type[Peer]) -> tuple[int, float]:
        """The most office sessions with a p99 below 50 ms, and the tools' share there."""
        step, most = self._scale.capacity[kind.name]
        reached, share = 0, 0.0
        async with self._bench.trial(kind, self._profiles["office"], most) as trial:
            trial.source.order("busy")
            for sessions in range(step, most + 1, step):
                try:
                    await trial.open(step)
                except (RuntimeError, TimeoutError):
                    break
                window = await trial.watch(self._scale.window_s)
                due = sessions * window.seconds * 30
                if window.p99_us >= _LATE_US or window.frames < 0.9 * due or window.lost:
                    break
                reached, share = sessions, window.tools_share
                if share > _BUSY_TOOLS:
                    break
        return reached, share

    async def growth(self) -> tuple[float, float]:
        """Microseconds for a megabyte at 50 sessions and at 500, in one process."""
        async with self._bench.trial(Sekisho, self._profiles["office"], 500) as trial:
            trial.source.order("busy")
            await trial.open(50)
            few = await trial.watch(self._scale.window_s)
            await trial.open(450)
            many = await trial.watch(self._scale.window_s)
        return few.relay_cpu_us / few.megabytes, many.relay_cpu_us / many.megabytes

    async def memory(self) -> Values:
        """Kilobytes that a further session costs the gateway: at rest, busy, and with a browser that does not read."""
        return {
            "idle_kb": await self._memory_of("office", self._scale.idle_sessions, is_busy=False, is_stalled=False),
            "busy_kb": await self._memory_of("office", 200, is_busy=True, is_stalled=False),
            "stalled_kb": await self._memory_of("flood", 20, is_busy=True, is_stalled=True),
        }

    async def setup(self) -> float:
        """Milliseconds of the gateway's processor to open a session: ticket, handshake, first frame."""
        async with self._bench.trial(Sekisho, self._profiles["office"], self._scale.setups + 20) as trial:
            await trial.open(20)
            before = trial.cpu_us()
            await trial.open(self._scale.setups)
            return (trial.cpu_us() - before) / self._scale.setups / 1000

    async def _watch(self, kind: type[Peer], profile: str, sessions: int) -> Window:
        async with self._bench.trial(kind, self._profiles[profile], sessions) as trial:
            await trial.open(sessions)
            trial.source.order("busy")
            window = await trial.watch(self._scale.window_s)
        if window.lost or not window.frames:
            raise RuntimeError(f"{kind.name}: {window.lost} sessions were lost, {window.frames} frames seen")
        return window

    async def _memory_of(self, profile: str, sessions: int, *, is_busy: bool, is_stalled: bool) -> float:
        async with self._bench.trial(Sekisho, self._profiles[profile], sessions + 1) as trial:
            await trial.open(1)
            before = trial.memory_kb()
            await trial.open(sessions)
            if is_stalled:
                trial.load.order(f"stall {sessions + 1}")
            if is_busy:
                trial.source.order("busy")
            await trial.watch(_SETTLE_S)
            return (trial.memory_kb() - before) / sessions


def _shuffled(kinds: Iterable[type[Peer]]) -> list[type[Peer]]:
    listed = list(kinds)
    return random.sample(listed, len(listed))
