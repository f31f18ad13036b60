"""One started process: waiting for it, restarting it, ending it."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

import structlog

from sekisho.supervisor.child import ChildSpec, launch_command
from sekisho.supervisor.log_files import rotate_if_large

_log = structlog.get_logger(__name__)
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 15.0
_LOG_TAIL_LINES: Final = 8


class RunningChild:
    """A child and its log file. :meth:`keep_up` restarts it, with growing pauses, until it is stopped."""

    def __init__(self, spec: ChildSpec, log_dir: Path) -> None:
        self.spec = spec
        self.log_file = log_dir / f"{spec.name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Raises :class:`OSError` when the program can't be executed."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self.bound_log()
        with self.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *launch_command(self.spec),
                stdin=asyncio.subprocess.PIPE if self.spec.guard_by_stdin else asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.spec.working_dir,
                env={**os.environ, **self.spec.environment},
                start_new_session=True,
            )

    async def wait_ready(self) -> bool:
        """True once the ready check passes; False when the process ends or the deadline runs out."""
        deadline = asyncio.get_running_loop().time() + self.spec.ready_deadline_s
        while asyncio.get_running_loop().time() < deadline:
            if self._process is None or self._process.returncode is not None:
                return False
            if await self.spec.is_ready():
                return True
            await asyncio.sleep(0.05)
        return False

    async def keep_up(self) -> None:
        """Restart the process whenever it ends by itself."""
        pause_s = _FIRST_PAUSE_S
        while self._process is not None:
            code = await self._process.wait()
            if self._stopping.is_set():
                return
            _log.warning("child.ended", child=self.spec.name, code=code, log=str(self.log_file))
            await asyncio.sleep(pause_s)
            await self.start()
            pause_s = _FIRST_PAUSE_S if await self.wait_ready() else min(pause_s * 2, _LONGEST_PAUSE_S)

    async def stop(self) -> None:
        """SIGTERM (or the end of its standard input), then SIGKILL to its whole process group."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        else:
            _signal_quietly(process, signal.SIGTERM)
        try:
            async with asyncio.timeout(self.spec.stop_grace_s):
                await process.wait()
        except TimeoutError:
            _signal_group_quietly(process.pid)
            await process.wait()

    def bound_log(self) -> None:
        """Keep the log from growing for ever; asked again and again while the child runs."""
        try:
            rotate_if_large(self.log_file)
        except OSError as error:
            _log.warning("child.log_not_kept", child=self.spec.name, fault=str(error))

    def last_lines(self) -> list[str]:
        """The end of the log, for a message that says why it did not start."""
        try:
            return self.log_file.read_text("utf-8", "replace").splitlines()[-_LOG_TAIL_LINES:]
        except OSError:
            return []


def _signal_quietly(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except (ProcessLookupError, PermissionError):
        return


def _signal_group_quietly(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
