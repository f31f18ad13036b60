"""What runs a desktop on this host. The agent knows it only by two Protocols, so that tests can stand in for it."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import msgspec

from broker.model.ids import DesktopId
from broker.secret import Secret
from broker.wire.messages import BrowserRules
from pools import sandbox
from pools.agent.settings import RuntimeSettings, egress_order
from pools.egress.model import Report
from pools.egress.pages import START_URL
from pools.egress.process import EgressProcess, read_order
from pools.sandbox import BrowserPlan, DesktopSandbox, HostAccount, RunningDesktop, StartFailed
from pools.sandbox.browser import PROGRAM

TellVisit = Callable[[DesktopId, Report], None]
_USER: Final = "staff"
_DEFAULT_COLOUR: Final = "#2f5d7c"


class DesktopPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A desktop as it should run; its folders exist, or are made by the runtime."""

    desktop_id: DesktopId
    zone_id: str
    zone_label: str
    home_dir: Path
    socket_dir: Path
    account: HostAccount | None
    password: Secret
    egress_dir: Path
    browser: BrowserRules | None = None
    """Makes it a virtual browser, whose way out is offered in ``egress_dir``."""
    keeps_home: bool = False
    """A persistent desktop's: never in memory."""


class StartFault(msgspec.Struct, frozen=True):
    """Why a desktop did not come up, in plain words for the IT desk."""

    fault: str


class Unit(Protocol):
    """A desktop that runs, or has ended by itself."""

    def is_running(self) -> bool: ...

    async def wait(self) -> None:
        """Until it has ended."""
        ...

    async def stop(self) -> None:
        """End it and every process in it; returns when nothing of it is left."""
        ...

    async def set_destinations(self, destinations: tuple[str, ...]) -> None:
        """Of a virtual browser; for others nothing changes. Raises :class:`broker.errors.ConfigurationError`."""
        ...


class Runtime(Protocol):
    """Raises nothing for a desktop that does not come up: that is a :class:`StartFault`."""

    async def start(self, plan: DesktopPlan) -> Unit | StartFault: ...


class SandboxUnit:
    """A desktop in its bubblewrap sandbox."""

    def __init__(self, running: RunningDesktop, grace_s: float, egress: EgressProcess | None) -> None:
        self._running = running
        self._grace_s = grace_s
        self._egress = egress

    def is_running(self) -> bool:
        return sandbox.is_running(self._running)

    async def wait(self) -> None:
        await self._running.process.wait()

    async def stop(self) -> None:
        await sandbox.stop(self._running, grace_s=self._grace_s)
        if self._egress is not None:
            await self._egress.close()

    async def set_destinations(self, destinations: tuple[str, ...]) -> None:
        if self._egress is not None:
            await self._egress.set_destinations(destinations)


class SandboxRuntime:
    """Starts desktops by :mod:`pools.sandbox`."""

    def __init__(self, settings: RuntimeSettings, locale_dir: Path, tell: TellVisit) -> None:
        self._settings = settings
        self._tell = tell
        self._locale_dir = locale_dir
        self._log_dir = Path(settings.log_dir)

    @classmethod
    async def prepare(cls, settings: RuntimeSettings, tell: TellVisit) -> "SandboxRuntime":
        """Make the locale and the folders. ``tell`` hears what virtual browsers do.

        Raises :class:`broker.errors.ConfigurationError`.
        """
        runtime = cls(settings, await sandbox.prepare_locale(Path(settings.cache_dir)), tell)
        runtime._log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return runtime

    async def start(self, plan: DesktopPlan) -> Unit | StartFault:
        if plan.browser is not None and not await asyncio.to_thread(PROGRAM.is_file):
            return StartFault(f"{PROGRAM} is missing on this host (Debian packages: chromium, chromium-l10n)")
        egress = self._open_egress(plan)
        unit: Unit | None = None
        try:
            match await sandbox.start(self.sandbox_of(plan), deadline_s=self._settings.start_deadline_s):
                case RunningDesktop() as running:
                    unit = SandboxUnit(running, self._settings.stop_grace_s, egress)
                    return unit
                case StartFailed(failure, detail):
                    return StartFault(f"the desktop did not start ({failure}): {detail}")
        finally:
            if egress is not None and unit is None:
                await egress.close()

    def _open_egress(self, plan: DesktopPlan) -> EgressProcess | None:
        """A virtual browser's proxy listens before its desktop starts."""
        if plan.browser is None:
            return None
        order = egress_order(self._settings.egress, plan.browser.allowed_destinations)
        read_order(order)
        egress = EgressProcess(
            plan.desktop_id, plan.egress_dir, order, partial(self._tell, plan.desktop_id), plan.account
        )
        egress.open()
        return egress

    def sandbox_of(self, plan: DesktopPlan) -> DesktopSandbox:
        """The plan with this host's settings."""
        limits, browser = self._settings.limits, None
        if plan.keeps_home:
            limits = msgspec.structs.replace(limits, home_bytes=0)
        if plan.browser is not None:
            limits = msgspec.structs.replace(limits, home_bytes=self._settings.browser_home_bytes)
            browser = BrowserPlan(
                destinations=plan.browser.allowed_destinations,
                homepage=plan.browser.homepage or START_URL,
                egress_dir=plan.egress_dir,
            )
        return DesktopSandbox(
            desktop_id=plan.desktop_id,
            user=_USER,
            home_dir=plan.home_dir,
            socket_dir=plan.socket_dir,
            locale_dir=self._locale_dir,
            log_file=self._log_dir / f"{plan.desktop_id}.log",
            password=plan.password,
            zone_label=plan.zone_label,
            colour=self._settings.colours.get(plan.zone_id, _DEFAULT_COLOUR),
            geometry=self._settings.geometry,
            host_account=plan.account,
            limits=limits,
            browser=browser,
        )
