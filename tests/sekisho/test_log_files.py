"""Logs of children stay bounded while they are being written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sekisho.supervisor import running
from sekisho.supervisor.child import ChildSpec
from sekisho.supervisor.log_files import rotate_if_large
from sekisho.supervisor.supervise import Supervisor
from tests.fakes.waiting import until


def test_a_large_log_is_set_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "part.log"
    with path.open("ab", buffering=0) as writer:
        for text in (b"first ", b"second ", b"third ", b"fourth "):
            writer.write(text * 100)
            assert rotate_if_large(path, max_bytes=100)
        writer.write(b"fifth")
    assert path.read_bytes() == b"fifth"
    assert not rotate_if_large(path, max_bytes=100)
    assert (tmp_path / "part.log.1").read_bytes() == b"fourth " * 100
    assert (tmp_path / "part.log.2").read_bytes() == b"third " * 100
    assert sorted(file.name for file in tmp_path.iterdir()) == ["part.log", "part.log.1", "part.log.2"]


def test_a_log_that_can_not_be_copied_is_emptied_nevertheless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy2", fail)
    path = tmp_path / "part.log"
    path.write_bytes(b"x" * 101)
    with pytest.raises(OSError, match="No space"):
        rotate_if_large(path, max_bytes=100)
    assert path.stat().st_size == 0


async def test_the_supervisor_bounds_the_log_of_a_child_that_talks_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded: Callable[[Path], bool] = lambda path: rotate_if_large(path, max_bytes=1000)  # noqa: E731 typed
    monkeypatch.setattr(running, "rotate_if_large", bounded)
    log = tmp_path / "talker.log"

    async def is_ready() -> bool:
        return log.exists()

    talk = "while :; do echo 'so much to say'; sleep 0.01; done"
    spec = ChildSpec(name="talker", label="talker", command=["/bin/sh", "-c", talk], is_ready=is_ready)
    async with Supervisor(tmp_path, lambda _: None, log_interval_s=0.05) as supervisor:
        await supervisor.start_all([spec])
        await until((tmp_path / "talker.log.2").exists, timeout_s=20)
        await until(lambda: log.stat().st_size > 0)
    assert log.stat().st_size < 5000
