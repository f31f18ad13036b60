"""guacd follows the name of a desktop's socket: the desktop has no hand in where it leads."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pools.sandbox import DesktopSandbox, RunningDesktop, start, stop
from pools.sandbox.files import prepare_folders, publish_socket
from tests.pools.sandbox.factories import make_sandbox, run_inside


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[DesktopSandbox]:
    made = make_sandbox(tmp_path, tmp_path)
    prepare_folders(made)
    before = Path.cwd()
    os.chdir(made.own_dir)  # an address of a Unix socket is short
    yield made
    os.chdir(before)


def test_a_socket_gets_its_name_and_keeps_it(sandbox: DesktopSandbox) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("vnc.sock")
        assert publish_socket(sandbox)
        assert publish_socket(sandbox)
        named = sandbox.socket_path.lstat()
        (sandbox.own_dir / "vnc.sock").unlink()
        (sandbox.own_dir / "vnc.sock").symlink_to("/etc/passwd")
        assert sandbox.socket_path.lstat().st_ino == named.st_ino
        assert stat.S_ISSOCK(sandbox.socket_path.lstat().st_mode)
    assert [path.name for path in sandbox.socket_dir.iterdir() if path != sandbox.own_dir] == ["vnc.sock"]


@pytest.mark.parametrize("kind", ["link", "dangling", "file", "fifo", "folder", "nothing"])
def test_what_is_no_socket_never_gets_a_name(sandbox: DesktopSandbox, kind: str) -> None:
    place = sandbox.own_dir / "vnc.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind("other.sock")
        match kind:
            case "link":
                place.symlink_to(sandbox.own_dir / "other.sock")
            case "dangling":
                place.symlink_to("/nowhere")
            case "file":
                place.touch()
            case "fifo":
                os.mkfifo(place)
            case "folder":
                place.mkdir()
            case _:
                pass
        assert not publish_socket(sandbox)
    assert not leads_somewhere(sandbox.socket_path)
    assert not leads_somewhere(sandbox.socket_dir / ".staged")


@pytest.mark.real
def test_a_desktop_cannot_write_where_guacd_looks(tmp_path: Path, locale_dir: Path) -> None:
    sandbox = make_sandbox(tmp_path, locale_dir)
    done = run_inside(
        sandbox, ["/bin/sh", "-c", "ln -s /etc/passwd /run/vnc/vnc.sock; ls -A /run/vnc; ls -A /run/vnc/.."]
    )
    assert "vnc.sock" in done.stdout
    assert not leads_somewhere(sandbox.socket_path)
    assert sandbox.socket_dir.stat().st_uid == os.geteuid()


@pytest.mark.real
async def test_a_link_in_the_place_of_the_socket_leads_nowhere(tmp_path: Path, locale_dir: Path) -> None:
    """A whole desktop: what it puts into its own folder after the start changes nothing for guacd."""
    running = await start(make_sandbox(tmp_path, locale_dir), deadline_s=20)
    assert isinstance(running, RunningDesktop)
    try:
        sandbox = running.sandbox
        (sandbox.own_dir / "vnc.sock").unlink()
        (sandbox.own_dir / "vnc.sock").mkdir()
        assert stat.S_ISSOCK(sandbox.socket_path.lstat().st_mode)
    finally:
        await stop(running, grace_s=5)
    assert not leads_somewhere(running.sandbox.socket_path)


def leads_somewhere(path: Path) -> bool:
    """Whether there is anything of this name, be it a link to nowhere."""
    return path.name in {each.name for each in path.parent.iterdir()}
