"""The demo and the smoke walk with what `make run` installs, and nothing that only tests need."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.flows.city import running_city

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def delivered_python() -> Path:
    """A Python with Sekisho and the packages of ``requirements.lock`` alone; kept while the lock file is the same."""
    lock = ROOT / "requirements.lock"
    folder = ROOT / "var/cache" / f"delivered-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    python = folder / "bin/python"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock)], check=True, timeout=400
        )
        editable = ["--no-index", "--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat"]
        subprocess.run([str(python), "-m", "pip", "install", "-q", *editable, "-e", str(ROOT)], check=True, timeout=60)
        (folder / "complete").touch()
    return python


def test_a_walk_through_every_pool(delivered_python: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="city") as folder,
        running_city(Path(folder) / "c", python=delivered_python) as city,
    ):
        done = subprocess.run(
            [str(delivered_python), "-m", "sekisho", "smoke", "--data", str(city.data_dir)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    result = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, result["ok"], result["failed"]) == (0, True, None), done.stdout
    assert set(result["pools"]) == {"lgwan-desktop", "resident-desktop", "gyomu-rdp", "virtual-browser"}


def test_a_walk_that_fails_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sekisho", "smoke", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert done.returncode != 0
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is False
