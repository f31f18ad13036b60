"""A desktop from its start to its end."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pools.sandbox import RunningDesktop, StartFailed, StartFailure, is_running, start, stop
from tests.pools.sandbox.factories import make_sandbox

pytestmark = pytest.mark.real
DEADLINE_S = 20.0


def command_line(pid: int) -> str:
    """Of a process of the host; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def processes_with(text: str) -> list[int]:
    """Processes of the host whose command line holds ``text``."""
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if text in command_line(pid)]


def listeners_of(pid: int) -> list[str]:
    """Listening TCP sockets (state 0A in proc(5)'s net/tcp) in the network namespace of a process."""
    assert Path(f"/proc/{pid}/ns/net").stat().st_ino != Path("/proc/self/ns/net").stat().st_ino
    lines = [line for name in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    return [line for line in lines if line.split()[3] == "0A"]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not is_so():  # noqa: ASYNC110 -- the kernel's process table tells nobody
            await asyncio.sleep(0.05)


async def test_it_starts_answers_and_ends_without_a_trace(tmp_path: Path, locale_dir: Path) -> None:
    name = f"t{os.getpid()}-a"
    sandbox = make_sandbox(tmp_path, locale_dir, name)
    began = time.monotonic()
    running = await start(sandbox, deadline_s=DEADLINE_S)
    assert isinstance(running, RunningDesktop), running
    try:
        assert time.monotonic() - began < 10
        assert is_running(running)
        await until(lambda: any("openbox" in command_line(pid) for pid in _tree(running)))
        server = next(pid for pid in _tree(running) if command_line(pid).startswith("Xvnc"))
        assert listeners_of(server) == []
    finally:
        await stop(running, grace_s=5)
    assert not is_running(running)
    assert not sandbox.socket_path.exists()
    assert processes_with(name) == []


async def test_two_desktops_run_side_by_side_and_neither_ends_the_other(tmp_path: Path, locale_dir: Path) -> None:
    first = await start(make_sandbox(tmp_path, locale_dir, "side-1"), deadline_s=DEADLINE_S)
    second = await start(make_sandbox(tmp_path, locale_dir, "side-2"), deadline_s=DEADLINE_S)
    assert isinstance(first, RunningDesktop)
    assert isinstance(second, RunningDesktop)
    await stop(first, grace_s=5)
    assert is_running(second)
    await stop(second, grace_s=0)


async def test_a_start_that_fails_tells_why_and_leaves_nothing(tmp_path: Path, locale_dir: Path) -> None:
    name = f"t{os.getpid()}-b"
    sandbox = make_sandbox(tmp_path, tmp_path / "no-such-folder", name)
    failed = await start(sandbox, deadline_s=DEADLINE_S)
    assert isinstance(failed, StartFailed)
    assert failed.failure is StartFailure.ENDED_EARLY
    assert failed.detail
    assert processes_with(name) == []


async def test_a_start_that_is_too_slow_is_ended(tmp_path: Path, locale_dir: Path) -> None:
    name = f"t{os.getpid()}-c"
    failed = await start(make_sandbox(tmp_path, locale_dir, name), deadline_s=0)
    assert isinstance(failed, StartFailed)
    assert failed.failure is StartFailure.TOO_SLOW
    assert processes_with(name) == []


async def test_a_socket_path_longer_than_an_address_is_no_obstacle(tmp_path: Path, locale_dir: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    running = await start(make_sandbox(deep, locale_dir), deadline_s=DEADLINE_S)
    assert isinstance(running, RunningDesktop)
    await stop(running, grace_s=5)


async def test_it_dies_with_a_supervisor_that_is_killed(tmp_path: Path, locale_dir: Path) -> None:
    name = f"t{os.getpid()}-d"
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from pools.sandbox import start; from tests.pools.sandbox.factories import make_sandbox\n"
        "async def main():\n"
        "    await start(make_sandbox(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]), deadline_s=20)\n"
        "    print('up', flush=True); await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), str(locale_dir), name, stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    assert await supervisor.stdout.readline() == b"up\n"
    assert len(processes_with(name)) > 1
    supervisor.send_signal(signal.SIGKILL)
    await supervisor.wait()
    await until(lambda: processes_with(name) == [])


def _tree(running: RunningDesktop) -> list[int]:
    """The process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    found, queue = [], [running.process.pid]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += parents.get(pid, [])
    return found
