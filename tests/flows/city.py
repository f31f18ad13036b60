"""A demo city of the test's own: started as `make run` starts it, on free ports, in a folder of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sekisho.demo.ports import take_free
from sekisho.demo.run import load_secrets
from sekisho.demo.state import DemoState, read_state

START_DEADLINE_S = 90.0


class City(msgspec.Struct, frozen=True, kw_only=True):
    """A running demo and how to speak with it."""

    data_dir: Path
    process: subprocess.Popen[bytes]
    state: DemoState

    @property
    def url(self) -> str:
        return self.state.portal_url

    def password_of(self, login: str) -> str:
        return load_secrets(self.data_dir).people[login].reveal()

    def sekisho(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of the command line on this city."""
        command = [sys.executable, "-m", "sekisho", "--config", str(self.data_dir / "site.toml"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=check)

    def ask(self, *arguments: str) -> Any:
        """The JSON answer of a command."""
        command = [sys.executable, "-m", "sekisho", "--config", str(self.data_dir / "site.toml"), "--json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def audit(self, event: str) -> list[dict[str, Any]]:
        return list(self.ask("audit", "list", "--event", event, "--limit", "500")["records"])

    def child_pid(self, needle: str) -> int:
        """The process of this city whose command line holds ``needle``."""
        found = [pid for pid, line in processes_of(self.data_dir).items() if needle in line]
        assert found, f"no process of the city runs {needle}"
        return min(found)


def processes_of(data_dir: Path) -> dict[int, str]:
    """Every process whose command line names the city's folder."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if str(data_dir) in line and int(entry.name) != os.getpid():
                    found[int(entry.name)] = line
    return found


@contextlib.contextmanager
def running_city(data_dir: Path) -> Iterator[City]:
    """Start a city, wait until it is ready, end it, and see that nothing of it is left."""
    portal, gateway = take_free(2)
    log = data_dir.parent / f"{data_dir.name}.log"
    command = [sys.executable, "-m", "sekisho", "demo", "--data", str(data_dir)]
    command += ["--port", str(portal), "--gateway-port", str(gateway)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        yield City(data_dir=data_dir, process=process, state=wait_ready(data_dir, process, log))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        wait_gone(data_dir)


def wait_ready(data_dir: Path, process: subprocess.Popen[bytes], log: Path) -> DemoState:
    give_up_at = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < give_up_at and process.poll() is None:
        if (data_dir / "run/demo.json").exists():
            return read_state(data_dir)
        time.sleep(0.1)
    raise AssertionError(f"the city did not become ready:\n{log.read_text(errors='replace')[-4000:]}")


def wait_gone(data_dir: Path, deadline_s: float = 20.0) -> None:
    """Every process of the city ends within the deadline."""
    give_up_at = time.monotonic() + deadline_s
    while left := processes_of(data_dir):
        assert time.monotonic() < give_up_at, f"processes were left behind: {left}"
        time.sleep(0.1)
