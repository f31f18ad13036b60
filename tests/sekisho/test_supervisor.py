"""The supervisor starts in order, restarts what falls, and leaves nothing behind, however it ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sekisho.supervisor.child import ChildSpec
from sekisho.supervisor.supervise import ChildDidNotStart, Supervisor

DEADLINE_S = 15.0


def sleeper(name: str, folder: Path, *, ready: bool = True) -> ChildSpec:
    """A process that writes its pid and waits."""
    pid_file = folder / f"{name}.pid"

    async def is_ready() -> bool:
        return ready and pid_file.exists() and pid_file.read_text() != ""

    command = ["/bin/sh", "-c", f"echo $$ > {pid_file}; echo {name} speaks; exec sleep 600"]
    return ChildSpec(name=name, label=name, command=command, is_ready=is_ready, ready_deadline_s=3.0)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


async def until(condition: object, what: str) -> None:
    give_up_at = time.monotonic() + DEADLINE_S
    while not condition():  # type: ignore[operator]  # a plain callable
        assert time.monotonic() < give_up_at, what
        await asyncio.sleep(0.02)


async def test_children_start_in_order_and_stop_with_the_block(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(tmp_path / "log", said.append) as supervisor:
        await supervisor.start_all([sleeper("one", tmp_path), sleeper("two", tmp_path)])
        pids = list(supervisor.pids().values())
        assert [line.split()[1] for line in said] == ["one", "two"]
        assert all(is_alive(pid) for pid in pids)

    assert not any(is_alive(pid) for pid in pids)


async def test_a_child_that_ends_by_itself_is_started_again(tmp_path: Path) -> None:
    async with Supervisor(tmp_path / "log", lambda _: None) as supervisor:
        await supervisor.start_all([sleeper("one", tmp_path)])
        first = supervisor.pids()["one"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.pids().get("one", first) != first, "the child was not restarted")


async def test_a_child_that_does_not_become_ready_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    async with Supervisor(tmp_path / "log", lambda _: None) as supervisor:
        with pytest.raises(ChildDidNotStart, match="broken speaks"):
            await supervisor.start_all([sleeper("broken", tmp_path, ready=False)])


async def test_an_optional_child_that_fails_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    said: list[str] = []
    missing = ChildSpec(
        name="xrdp", label="RDP host", command=["/bin/false"], is_ready=_never, ready_deadline_s=2.0, is_optional=True
    )
    async with Supervisor(tmp_path / "log", said.append) as supervisor:
        await supervisor.start_all([missing, sleeper("one", tmp_path)])
        assert "left out" in said[0]
        assert "one" in supervisor.pids()


async def _never() -> bool:
    return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_child_outlives_the_supervisor(tmp_path: Path, number: signal.Signals) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import asyncio
from pathlib import Path
from sekisho.supervisor.child import ChildSpec
from sekisho.supervisor.supervise import Supervisor
from sekisho.host import start_until_stopped

folder = Path({str(tmp_path)!r})

def spec(name, guarded):
    command = "cat >/dev/null" if guarded else "exec sleep 600"
    async def is_ready():
        return (folder / f"{{name}}.pid").exists()
    line = f"echo $$ > {{folder}}/{{name}}.pid; {{command}}"
    return ChildSpec(name=name, label=name, command=["/bin/sh", "-c", line], is_ready=is_ready, guard_by_stdin=guarded)

async def main():
    async with Supervisor(folder / "log", print) as supervisor:
        await start_until_stopped(supervisor, [spec("plain", False), spec("guarded", True)],
                                  lambda: (folder / "ready").touch())

asyncio.run(main())
"""
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, str(program)], cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    give_up_at = time.monotonic() + DEADLINE_S
    while not (tmp_path / "ready").exists():
        assert process.poll() is None
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
    pids = [int((tmp_path / f"{name}.pid").read_text()) for name in ("plain", "guarded")]

    process.send_signal(number)
    process.wait(DEADLINE_S)

    give_up_at = time.monotonic() + DEADLINE_S
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < give_up_at, "a child outlived its supervisor"
        time.sleep(0.02)
