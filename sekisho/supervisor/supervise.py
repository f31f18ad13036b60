"""Start in order, watch, stop in reverse order."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from broker.errors import SekishoError
from sekisho.supervisor.child import ChildSpec
from sekisho.supervisor.running import RunningChild

_log = structlog.get_logger(__name__)


class ChildDidNotStart(SekishoError):
    """A process that the others need did not become ready. The message holds the end of its log."""


class Supervisor:
    """Owns the processes. Use as ``async with``: whatever ends the block, no process is left."""

    def __init__(self, log_dir: Path, say: Callable[[str], None], *, log_interval_s: float = 5.0) -> None:
        self._log_dir = log_dir
        self._log_interval_s = log_interval_s
        self._say = say
        self._children: list[RunningChild] = []
        self._watchers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Supervisor":
        self._watchers.append(asyncio.create_task(self._bound_logs(), name="bound-logs"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start_all(self, specs: Sequence[ChildSpec]) -> None:
        """Start each and wait until it is ready. Raises :class:`ChildDidNotStart`."""
        for number, spec in enumerate(specs, 1):
            began = asyncio.get_running_loop().time()
            note = await self._start_one(spec)
            took_s = asyncio.get_running_loop().time() - began
            self._say(f"  [{number}/{len(specs)}] {spec.label} … {note} ({took_s:.1f} s)")

    async def _start_one(self, spec: ChildSpec) -> str:
        child = RunningChild(spec, self._log_dir)
        self._children.append(child)
        try:
            await child.start()
            is_up = await child.wait_ready()
        except OSError as error:
            raise ChildDidNotStart(f"{spec.label}: {spec.command[0]} can't be executed: {error.strerror}") from error
        if is_up:
            self._watchers.append(asyncio.create_task(child.keep_up(), name=f"watch:{spec.name}"))
            return "ready"
        await child.stop()
        tail = "\n      ".join(child.last_lines())
        if spec.is_optional:
            return f"left out; see {child.log_file}\n      {tail}"
        raise ChildDidNotStart(f"{spec.label} did not become ready; the end of {child.log_file}:\n      {tail}")

    async def _bound_logs(self) -> None:
        while True:
            await asyncio.sleep(self._log_interval_s)
            for child in list(self._children):
                await asyncio.to_thread(child.bound_log)

    def pids(self) -> dict[str, int]:
        """Process ids by name, of those that run."""
        return {child.spec.name: child.pid for child in self._children if child.pid is not None}

    async def stop(self) -> None:
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for child in reversed(self._children):
            await child.stop()
        self._children.clear()
        self._watchers.clear()


async def wait_for_stop_signal() -> signal.Signals:
    """Returns at the first SIGINT, SIGTERM or SIGHUP."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[signal.Signals] = loop.create_future()

    def take(number: signal.Signals) -> None:
        if not came.done():
            came.set_result(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, take, number)
    return await came
