"""The demo city as a whole: it says what is wrong before it starts, and leaves nothing when it ends."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sekisho.demo.ports import take_free
from tests.flows.city import descendants_of, running_city, wait_gone

pytestmark = [pytest.mark.real, pytest.mark.timeout(200)]


def start_demo(data_dir: Path, portal: int, gateway: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sekisho", "demo", "--data", str(data_dir)]
    command += ["--port", str(portal), "--gateway-port", str(gateway)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_supervisor(number: signal.Signals) -> None:
    with tempfile.TemporaryDirectory(prefix="city") as folder, running_city(Path(folder) / "c") as city:
        everything = descendants_of(city.process.pid)
        assert {city.inner_pid("xrdp-sesman"), city.inner_pid("/usr/sbin/guacd"), *city.pids("-m gateway")} < everything
        assert len(everything) > 30
        os.kill(city.process.pid, number)
        city.process.wait(30)
        wait_gone(city.data_dir)
        give_up_at = time.monotonic() + 10
        while left := [pid for pid in everything if Path(f"/proc/{pid}").exists()]:
            assert time.monotonic() < give_up_at, f"processes were left behind: {left}"
            time.sleep(0.05)


def test_a_taken_port_is_said_with_the_next_step(tmp_path: Path) -> None:
    (free,) = take_free(1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        done = start_demo(tmp_path / "c", taken, free)
    assert done.returncode == 1
    assert f"port {taken} for the portal is in use" in done.stderr
    assert f"make run PORT={taken + 100}" in done.stderr
    assert not (tmp_path / "c").exists()


def test_one_port_for_both_is_refused(tmp_path: Path) -> None:
    (port,) = take_free(1)
    done = start_demo(tmp_path / "c", port, port)
    assert done.returncode == 1
    assert f"make run PORT={port} GATEWAY_PORT={port + 1}" in done.stderr
