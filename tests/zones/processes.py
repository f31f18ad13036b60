"""Programs on the hosts: started in the host's namespace, with a log each, ended with the test."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Self

from tests.zones import namespaces
from tests.zones.map import BY_ID
from tests.zones.probing import Answer, try_address

START_S: Final = 60.0
_GRACE_S: Final = 8.0
_NOTHING: Final[Mapping[str, str]] = {}


class Processes:
    """What runs on the hosts, by name. Use as ``with``: nothing is left afterwards."""

    def __init__(self, log_dir: Path) -> None:
        self._log_dir = log_dir
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        log_dir.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.terminate()
        for name in reversed(list(self._running)):
            self.end(name)

    def start(self, host: str, name: str, command: list[str], environment: Mapping[str, str] = _NOTHING) -> None:
        """On ``host``; the program dies with this process."""
        with (self._log_dir / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *namespaces.prefix(host), *command],
                env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def kill(self, name: str) -> None:
        """As by a power cut: the whole group at once."""
        process = self._running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self, name: str) -> None:
        process = self._running.pop(name)
        if process.poll() is None:
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait(self, name: str, is_ready: Callable[[], bool], what: str) -> None:
        """Until ``is_ready``. Raises :class:`AssertionError` with the end of the log."""
        give_up_at = time.monotonic() + START_S
        process = self._running[name]
        while not is_ready():
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise AssertionError(f"{name}: {what} did not come (status {process.poll()}):\n{self.log_of(name)}")
            time.sleep(0.05)

    def wait_for_port(self, host: str, name: str, port: int) -> None:
        """Until the program listens, asked on its own host so that no rule between hosts matters."""
        address = BY_ID[host].address
        self.wait(name, lambda: try_address(host, address, port) is Answer.OPEN, f"port {port}")

    def log_of(self, name: str) -> str:
        return (self._log_dir / f"{name}.log").read_text("utf-8", "replace")[-4000:]
