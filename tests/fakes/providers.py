"""Desktop providers by behaviour. Their machines outlive every broker, as real ones do."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from broker.errors import ProviderFault
from broker.model.ids import AgentId, DesktopId
from broker.model.records import Desktop, Endpoint, Pool
from broker.ports import DesktopDown, DesktopUp, Observation, ProviderFailure, StartOrder
from broker.secret import Secret


@dataclass
class Machine:
    """One running desktop: the password that it was started with, and what people left on it."""

    password: str
    home: set[str]


@dataclass
class ObedientProvider:
    """Does what it is asked, and keeps count. ``homes`` are those that outlive their desktops.

    ``before`` is called ahead of every answer with the call's name: a test lets it raise or look.
    """

    machines: dict[DesktopId, Machine] = field(default_factory=dict[DesktopId, Machine])
    homes: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    calls: list[tuple[str, DesktopId]] = field(default_factory=list[tuple[str, DesktopId]])
    before: Callable[[str], None] = lambda name: None
    made: int = 0

    def new_credential(self, pool: Pool, desktop_id: DesktopId) -> Mapping[str, Secret]:
        self.made += 1
        return {"password": Secret(f"pw-{self.made}")}

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure:
        await self._answer("observe")
        return Observation(frozenset(desktop.id for desktop in desktops if desktop.id in self.machines))

    async def start(self, order: StartOrder) -> DesktopUp | ProviderFailure:
        await self._answer("start")
        self.calls.append(("start", order.desktop.id))
        if order.desktop.id not in self.machines:
            home = set[str]() if order.home_key is None else self.homes.setdefault(order.home_key, set())
            self.machines[order.desktop.id] = Machine(order.credential["password"].reveal(), home)
        await self._answer("started")
        return DesktopUp(Endpoint(host=f"/run/{order.desktop.id}.sock", port=0), AgentId("agent-1"))

    async def stop(self, pool: Pool, desktop: Desktop) -> DesktopDown | ProviderFailure:
        await self._answer("stop")
        self.calls.append(("stop", desktop.id))
        self.machines.pop(desktop.id, None)
        await self._answer("stopped")
        return DesktopDown()

    async def log_off(self, pool: Pool, desktop: Desktop, *, wipe: bool) -> DesktopDown | ProviderFailure:
        await self._answer("log_off")
        self.calls.append(("wipe" if wipe else "log_off", desktop.id))
        self.machines.pop(desktop.id, None)
        await self._answer("logged_off")
        return DesktopDown()

    async def _answer(self, name: str) -> None:
        await asyncio.sleep(0)
        self.before(name)

    def starts_of(self, desktop_id: DesktopId) -> int:
        return sum(1 for name, asked in self.calls if (name, asked) == ("start", desktop_id))


@dataclass
class FailingProvider(ObedientProvider):
    """Fails the named calls until it is told to work; ``is_transient`` goes into its answer."""

    failing: set[str] = field(default_factory=lambda: {"start"})
    is_transient: bool = True

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure:
        return self._failure("observe") or await ObedientProvider.observe(self, pool, desktops)

    async def start(self, order: StartOrder) -> DesktopUp | ProviderFailure:
        return self._failure("start") or await ObedientProvider.start(self, order)

    async def stop(self, pool: Pool, desktop: Desktop) -> DesktopDown | ProviderFailure:
        return self._failure("stop") or await ObedientProvider.stop(self, pool, desktop)

    async def log_off(self, pool: Pool, desktop: Desktop, *, wipe: bool) -> DesktopDown | ProviderFailure:
        return self._failure("log_off") or await ObedientProvider.log_off(self, pool, desktop, wipe=wipe)

    def _failure(self, name: str) -> ProviderFailure | None:
        if name not in self.failing:
            return None
        self.calls.append((f"failed {name}", DesktopId("")))
        return ProviderFailure(f"{name}: the host has no memory left", self.is_transient)


@dataclass
class HungProvider(ObedientProvider):
    """Never answers the named calls."""

    hanging: set[str] = field(default_factory=lambda: {"observe", "start", "stop", "log_off"})

    async def _answer(self, name: str) -> None:
        if name in self.hanging:
            await asyncio.Event().wait()
        await ObedientProvider._answer(self, name)


@dataclass
class SlowProvider(ObedientProvider):
    """Answers a start only once ``gate`` is set."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0

    async def _answer(self, name: str) -> None:
        if name == "start":
            self.waiting += 1
            await self.gate.wait()
            self.waiting -= 1
        await ObedientProvider._answer(self, name)


@dataclass
class LyingProvider(ObedientProvider):
    """Says that a start worked, and has nothing running afterwards."""

    async def start(self, order: StartOrder) -> DesktopUp | ProviderFailure:
        self.calls.append(("start", order.desktop.id))
        return DesktopUp(Endpoint(host="/nowhere", port=0))


@dataclass
class ForgetfulProvider(ObedientProvider):
    """Leaves ``forgotten`` out of its list although they run."""

    forgotten: set[DesktopId] = field(default_factory=set[DesktopId])

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure:
        seen = await ObedientProvider.observe(self, pool, desktops)
        return Observation(seen.running - self.forgotten) if isinstance(seen, Observation) else seen


@dataclass
class BrokenProvider(ObedientProvider):
    """Raises, as plugins with faults do."""

    error: Exception = field(default_factory=lambda: ProviderFault("half a list came back"))

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure:
        raise self.error


@dataclass
class HostsProvider:
    """Registered hosts: probes them and can do nothing else. ``unreachable`` by name."""

    unreachable: set[str] = field(default_factory=set[str])
    probes: list[str] = field(default_factory=list[str])

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure:
        await asyncio.sleep(0)
        return Observation(frozenset(desktop.id for desktop in desktops if desktop.name not in self.unreachable))

    async def start(self, order: StartOrder) -> DesktopUp | ProviderFailure:
        await asyncio.sleep(0)
        self.probes.append(order.desktop.name)
        if order.desktop.name in self.unreachable or order.desktop.endpoint is None:
            return ProviderFailure(f"{order.desktop.name} does not answer")
        return DesktopUp(order.desktop.endpoint)

    async def stop(self, pool: Pool, desktop: Desktop) -> DesktopDown | ProviderFailure:
        await asyncio.sleep(0)
        return DesktopDown()
