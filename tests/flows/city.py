"""A demo city of the test's own: started as `make run` starts it, on free ports, in a folder of its own."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from sekisho.demo.city import Group, demo_accounts, staff
from sekisho.demo.ports import take_free
from sekisho.demo.run import load_secrets, smoke_walker
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
        """The rows that a command prints, as data."""
        command = [sys.executable, "-m", "sekisho", "--config", str(self.data_dir / "site.toml"), "--json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def audit(self, event: str) -> list[dict[str, Any]]:
        return list(self.ask("audit", "list", "--event", event, "--limit", "500"))

    def inner_pid(self, program: str) -> int:
        """A process of this city that runs ``program`` inside of a sandbox, by its number on the host."""
        roots = set(processes_of(self.data_dir))
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    line = (entry / "cmdline").read_bytes().decode(errors="replace")
                    if line.startswith(program) and roots & set(ancestors_of(int(entry.name))):
                        return int(entry.name)
        raise AssertionError(f"nothing of the city runs {program}")

    def live_sessions(self, login: str) -> list[dict[str, Any]]:
        """What the books hold of one person's live sessions."""
        return [row for row in self.ask("session", "list") if row["login"] == login]

    def pids(self, needle: str) -> list[int]:
        """Processes of this city whose command line holds ``needle``."""
        return [pid for pid, line in processes_of(self.data_dir).items() if needle in line]

    async def wait_for_broker(self, deadline_s: float = 30.0) -> None:
        """Until the broker answers and the gateway has told it everything."""
        give_up_at = time.monotonic() + deadline_s
        while time.monotonic() < give_up_at:
            if self.sekisho("session", "list", check=False).returncode == 0 and await self._has_gateway():
                return
            await asyncio.sleep(0.2)
        raise AssertionError("the broker did not come back")

    async def _has_gateway(self) -> bool:
        """Whether the gateway is back at its broker, by its own word."""
        url = self.state.tunnel_url.replace("ws://", "http://").replace("/tunnel", "/healthz")
        async with aiohttp.ClientSession() as client, client.get(url) as response:
            return bool((await response.json())["broker"])


def descendants_of(root: int) -> set[int]:
    """Every process below ``root``, those inside of sandboxes too, by their numbers on the host."""
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if root in ancestors_of(int(entry.name)):
                    found.add(int(entry.name))
    return found - {root}


def ancestors_of(pid: int) -> Iterator[int]:
    while pid > 1:
        yield pid
        pid = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


_EVERYTHING = frozenset({Group.LGWAN_DESKTOP, Group.RESIDENT_DESKTOP, Group.RDP_DESKTOP, Group.VIRTUAL_BROWSER})


def staff_with_everything() -> list[str]:
    """People entitled to all pools whom the demo names nowhere."""
    taken = {smoke_walker(), *demo_accounts()}
    return [person.uid for person in staff() if person.groups >= _EVERYTHING and person not in taken]


def office_staff() -> list[str]:
    """Other people, entitled to the LGWAN pool at least."""
    taken = {smoke_walker(), *demo_accounts()}
    return [person.uid for person in staff() if not person.groups >= _EVERYTHING and person not in taken]


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
def running_city(
    data_dir: Path, python: Path = Path(sys.executable), program: Sequence[str] = ("sekisho", "demo")
) -> Iterator[City]:
    """Start a city, wait until it is ready, end it, and see that nothing of it is left."""
    portal, gateway = take_free(2)
    log = data_dir.parent / f"{data_dir.name}.log"
    command = [str(python), "-m", *program, "--data", str(data_dir)]
    command += ["--port", str(portal), "--gateway-port", str(gateway)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, env=environment)
    try:
        yield City(data_dir=data_dir, process=process, state=wait_ready(data_dir, process, log))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        if shots := os.environ.get("SEKISHO_SHOTS"):
            shutil.copytree(data_dir / "log", Path(shots) / "log", dirs_exist_ok=True)
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
