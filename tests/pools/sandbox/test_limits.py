"""What one desktop uses up is its own: a fork bomb, a full disk and a hungry program beside a neighbour."""

import subprocess
import threading
import time
from pathlib import Path

import pytest

from pools.sandbox import DesktopSandbox, SandboxLimits
from tests.pools.sandbox.factories import make_sandbox, run_inside

pytestmark = pytest.mark.real
MIB = 1024 * 1024
TIGHT = SandboxLimits(
    processes=60, open_files=128, file_bytes=24 * MIB, data_bytes=512 * MIB, temporary_bytes=8 * MIB,
    shared_memory_bytes=8 * MIB, home_bytes=8 * MIB,
)  # fmt: skip
FORK_BOMB = """
import os, time
made = 0
try:
    while made < 5000:
        if os.fork() == 0:
            time.sleep(8)
            os._exit(0)
        made += 1
except BlockingIOError:
    pass
print(made, flush=True)
time.sleep(3)
"""


def run(sandbox: DesktopSandbox, *program: str) -> subprocess.CompletedProcess[str]:
    return run_inside(sandbox, program)


def test_a_fork_bomb_stays_in_its_own_desktop(tmp_path: Path, locale_dir: Path) -> None:
    """Both desktops have the same account on the host: the worst that two accounts by number can come to."""
    bomb = make_sandbox(tmp_path, locale_dir, "bomb-1", limits=TIGHT)
    neighbour = make_sandbox(tmp_path, locale_dir, "calm-1", limits=TIGHT, host_account=bomb.host_account)
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(run(bomb, "/usr/bin/python3", "-c", FORK_BOMB).stdout))
    thread.start()
    time.sleep(1.5)
    began = time.monotonic()
    calm = run(neighbour, "/bin/sh", "-c", "for n in 1 2 3 4 5 6 7 8 9 10; do (sleep 0.1) & done; wait; echo fine")
    took_s = time.monotonic() - began
    thread.join()
    assert calm.stdout == "fine\n", calm.stderr
    assert took_s < 8
    assert 20 < int(said[0]) < 60


@pytest.mark.parametrize(
    "folder",
    ["/tmp", "/dev/shm", "/run", "/run/user/1000", "$HOME", "/", "/dev", "/usr/local", "/opt", "/home", "/etc"],
)
def test_no_folder_can_be_filled_beyond_its_bound(tmp_path: Path, locale_dir: Path, folder: str) -> None:
    """Refused, or full after at most 16 MiB; the single file's own bound is larger and not what ends it."""
    sandbox = make_sandbox(tmp_path, locale_dir, limits=TIGHT)
    script = (
        f"dd if=/dev/zero of={folder}/fill bs=1M count=20 2>/dev/null; stat -c %s {folder}/fill 2>/dev/null || echo 0"
    )
    written = int(run(sandbox, "/bin/sh", "-c", script).stdout)
    assert written <= 16 * MIB


def test_many_small_files_fill_no_more_than_a_large_one(tmp_path: Path, locale_dir: Path) -> None:
    script = "for n in $(seq 40); do head -c 1048576 /dev/zero >/tmp/f$n 2>/dev/null; done; du -sk /tmp | cut -f1"
    done = run(make_sandbox(tmp_path, locale_dir, limits=TIGHT), "/bin/sh", "-c", script)
    assert int(done.stdout) <= 8 * 1024


def test_a_single_file_of_a_kept_home_has_a_bound(tmp_path: Path, locale_dir: Path) -> None:
    limits = SandboxLimits(file_bytes=4 * MIB)
    sandbox = make_sandbox(tmp_path, locale_dir, limits=limits)
    run(sandbox, "/bin/sh", "-c", "head -c 8388608 /dev/zero >$HOME/fill")
    assert (sandbox.home_dir / "fill").stat().st_size == 4 * MIB


def test_a_home_in_memory_leaves_nothing_on_the_host(tmp_path: Path, locale_dir: Path) -> None:
    sandbox = make_sandbox(tmp_path, locale_dir, limits=TIGHT)
    assert run(sandbox, "/bin/sh", "-c", "echo 秘密 >$HOME/a && cat $HOME/a").stdout == "秘密\n"
    assert list(sandbox.home_dir.iterdir()) == []


def test_a_program_that_takes_memory_without_end_is_stopped(tmp_path: Path, locale_dir: Path) -> None:
    hungry = "held = []\nwhile len(held) < 64:\n    held.append(bytearray(16 << 20))\nprint('all of it')"
    done = run(make_sandbox(tmp_path, locale_dir, limits=TIGHT), "/usr/bin/python3", "-c", hungry)
    assert "MemoryError" in done.stderr
    assert "all of it" not in done.stdout


def test_limits_can_be_lowered_only(tmp_path: Path, locale_dir: Path) -> None:
    sandbox = make_sandbox(tmp_path, locale_dir, limits=TIGHT)
    done = run(
        sandbox, "/bin/bash", "-c", "ulimit -u 100; ulimit -n 4096; ulimit -c 1; ulimit -u; ulimit -n; ulimit -c"
    )
    assert done.stdout.split() == ["60", "128", "0"]


def test_desktops_go_first_when_the_host_runs_out_of_memory(tmp_path: Path, locale_dir: Path) -> None:
    done = run(make_sandbox(tmp_path, locale_dir), "/bin/cat", "/proc/1/oom_score_adj", "/proc/self/oom_score_adj")
    assert done.stdout.split() == ["500", "500"]
