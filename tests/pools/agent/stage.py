"""An agent's parts with desktops that are no more than a folder and a flag."""

import asyncio
from pathlib import Path

from broker.model.ids import DesktopId, ZoneId
from broker.wire.messages import StartDesktop
from pools.agent.desktops import Desktops
from pools.agent.homes import Homes
from pools.agent.runtime import DesktopPlan, StartFault, Unit
from pools.agent.sockets import Sockets


class StageUnit:
    """Runs until it is stopped or ended."""

    def __init__(self, plan: DesktopPlan) -> None:
        self.plan = plan
        self._ended = asyncio.Event()
        self.destinations = plan.browser.allowed_destinations if plan.browser else ()

    def is_running(self) -> bool:
        return not self._ended.is_set()

    async def wait(self) -> None:
        await self._ended.wait()

    async def stop(self) -> None:
        self._ended.set()

    async def set_destinations(self, destinations: tuple[str, ...]) -> None:
        self.destinations = destinations

    def die(self) -> None:
        self._ended.set()


class StageRuntime:
    """``gate`` holds starts up while it is clear; ``fault`` makes them fail."""

    def __init__(self) -> None:
        self.units: list[StageUnit] = []
        self.fault: str | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.starting = self.most_starting = 0

    async def start(self, plan: DesktopPlan) -> Unit | StartFault:
        self.starting += 1
        self.most_starting = max(self.starting, self.most_starting)
        try:
            await self.gate.wait()
        finally:
            self.starting -= 1
        if self.fault is not None:
            return StartFault(self.fault)
        plan.socket_dir.mkdir(parents=True)
        (plan.socket_dir / "vnc.sock").touch()
        self.units.append(StageUnit(plan))
        return self.units[-1]


class Stage:
    """Everything of an agent but its wire."""

    def __init__(self, folder: Path, capacity: int = 3, starts_at_once: int = 2, skeleton: Path | None = None) -> None:
        self.folder = folder
        self.runtime = StageRuntime()
        self.homes = Homes(folder / "homes", skeleton)
        self.sockets = Sockets(folder / "sockets", ["lgwan", "resident"])
        self.desktops = Desktops(
            runtime=self.runtime,
            homes=self.homes,
            sockets=self.sockets,
            capacity=capacity,
            starts_at_once=starts_at_once,
        )

    async def open(self) -> "Stage":
        await self.homes.open()
        await self.sockets.open()
        return self

    def fresh(self) -> list[Path]:
        return list((self.folder / "homes/fresh").iterdir()) + list((self.folder / "homes/trash").iterdir())

    def socket_folders(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "sockets").glob("*/*"))


def order(
    name: str, *, home_key: str | None = None, password: str = "12345678", zone: str = "lgwan", label: str = "域"
) -> StartDesktop:
    return StartDesktop(
        request=1,
        desktop_id=DesktopId(name),
        name=name,
        zone_id=ZoneId(zone),
        zone_label=label,
        home_key=home_key,
        password=password,
    )
