"""What runs a desktop on this host. The agent knows it only by two Protocols, so that tests can stand in for it."""

from pathlib import Path
from typing import Final, Protocol

import msgspec

from broker.model.ids import DesktopId
from broker.secret import Secret
from pools import sandbox
from pools.agent.settings import RuntimeSettings
from pools.sandbox import DesktopSandbox, HostAccount, RunningDesktop, StartFailed

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


class Runtime(Protocol):
    """Raises nothing for a desktop that does not come up: that is a :class:`StartFault`."""

    async def start(self, plan: DesktopPlan) -> Unit | StartFault: ...


class SandboxUnit:
    """A desktop in its bubblewrap sandbox."""

    def __init__(self, running: RunningDesktop, grace_s: float) -> None:
        self._running = running
        self._grace_s = grace_s

    def is_running(self) -> bool:
        return sandbox.is_running(self._running)

    async def wait(self) -> None:
        await self._running.process.wait()

    async def stop(self) -> None:
        await sandbox.stop(self._running, grace_s=self._grace_s)


class SandboxRuntime:
    """Starts desktops by :mod:`pools.sandbox`."""

    def __init__(self, settings: RuntimeSettings, locale_dir: Path) -> None:
        self._settings = settings
        self._locale_dir = locale_dir
        self._log_dir = Path(settings.log_dir)

    @classmethod
    async def prepare(cls, settings: RuntimeSettings) -> "SandboxRuntime":
        """Make the locale and the folders. Raises :class:`broker.errors.ConfigurationError`."""
        runtime = cls(settings, await sandbox.prepare_locale(Path(settings.cache_dir)))
        runtime._log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return runtime

    async def start(self, plan: DesktopPlan) -> Unit | StartFault:
        box = DesktopSandbox(
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
        )
        match await sandbox.start(box, deadline_s=self._settings.start_deadline_s):
            case RunningDesktop() as running:
                return SandboxUnit(running, self._settings.stop_grace_s)
            case StartFailed(failure, detail):
                return StartFault(f"the desktop did not start ({failure}): {detail}")
