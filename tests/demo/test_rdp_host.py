"""The demo's RDP host, for real, seen through guacd."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from broker.secret import Secret
from sekisho.demo.rdp_host import (
    DISCONNECTED_LIMIT_S,
    SETTLE_S,
    LeftOut,
    RdpHost,
    RdpHostOptions,
    command,
    prepare,
)
from sekisho.parts import guacd
from tests.demo.parts import GUACD_ROOT, Guacamole, free_ports, is_open, load_secrets, running, wait_for, write_japanese

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> RdpHost:
    folder = tmp_path_factory.mktemp("rdp")
    made = prepare(folder / "rdp", free_ports(1)[0], load_secrets(folder), RdpHostOptions(disconnected_limit_s=0))
    assert isinstance(made, RdpHost), made
    return made


@pytest.fixture(scope="module")
def guacd_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    settings = guacd.GuacdSettings(
        root=GUACD_ROOT, port=free_ports(1)[0], desktops_dir=tmp_path_factory.mktemp("zone") / "desktops"
    )
    guacd.prepare(settings)
    with running(guacd.command(settings), settings.port):
        yield settings.port


def connect(guacd_port: int, host: RdpHost, account: str) -> Guacamole:
    return Guacamole(
        guacd_port, "rdp", hostname="127.0.0.1", port=str(host.port), username=account, security="any",
        password=host.password_files[account].read_text().strip(), ignore_cert="true", disable_audio="true",
        server_layout="ja-jp-qwerty",
    )  # fmt: skip


def processes_of(host: RdpHost) -> list[int]:
    """This host's processes by their numbers on the machine: those whose command line names its folder, and what runs
    below them. Another host on the same machine has another folder."""
    found: set[int] = set()
    for root in named_by(host):
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {root, *(child.pid for child in psutil.Process(root).children(recursive=True))}
    return sorted(found)


def named_by(host: RdpHost) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(host.folder).encode() in (folder / "cmdline").read_bytes():
                yield int(folder.name)


def account_processes(host: RdpHost, account: str) -> list[int]:
    """Processes of the host that run as one of its accounts: its session, whole."""
    line = next(one for one in (host.folder / "accounts/passwd").read_text().splitlines() if one.startswith(account))
    uid = int(line.split(":")[2])
    found: list[int] = []
    for pid in processes_of(host):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}").stat().st_uid == uid:
                found.append(pid)
    return found


def look_inside(host: RdpHost, *program: str) -> str:
    """Run ``cat``, ``ls`` or ``touch`` on a path of the sandbox, through one of its processes (as root)."""
    sudo = ["sudo", "-n"] if host.needs_sudo else []
    for pid in processes_of(host):
        folder = Path(f"/proc/{pid}")
        try:
            if (folder / "comm").read_text() != "xrdp-sesman\n":
                continue
        except OSError:
            continue
        line = [*sudo, *program[:-1], f"{folder}/root{program[-1]}"]
        done = subprocess.run(line, capture_output=True, check=False, timeout=20)
        if done.returncode == 0:
            return done.stdout.decode()
    return ""


def test_japanese_is_typed_and_windows_are_there_after_a_reconnect(host: RdpHost, guacd_port: int) -> None:
    with running(command(host), host.port):
        with connect(guacd_port, host, "rdp01") as screen:
            screen.pump_until(lambda: screen.drawn >= 5, "the desktop's picture")
            screen.pump_until(lambda: "mozc" in look_inside(host, "ls", "/home/rdp01/.config"), "the input method")
            write_japanese(screen, "one.txt", lambda: look_inside(host, "cat", "/home/rdp01/one.txt") == "日本語\n")
        with connect(guacd_port, host, "rdp01") as again:
            again.pump_until(lambda: again.drawn >= 3, "the same desktop again")
    assert processes_of(host) == []


def test_a_returned_desktop_shows_nothing_of_the_last_person(host: RdpHost, guacd_port: int, tmp_path: Path) -> None:
    limit_s = 20
    options = RdpHostOptions(disconnected_limit_s=limit_s)
    resting = prepare(tmp_path / "rdp", free_ports(1)[0], load_secrets(tmp_path), options)
    assert isinstance(resting, RdpHost), resting
    with running(command(resting), resting.port):
        with connect(guacd_port, resting, "rdp01") as first:
            first.pump_until(lambda: first.drawn >= 5, "the desktop's picture")
            first.pump_until(lambda: "mozc" in look_inside(resting, "ls", "/home/rdp01/.config"), "the input method")
            look_inside(resting, "touch", "/home/rdp01/one.txt")
        left_s = time.monotonic()
        wait_for(lambda: not account_processes(resting, "rdp01"), "the end of the work")
        allowed_s = limit_s + SETTLE_S - DISCONNECTED_LIMIT_S
        assert time.monotonic() - left_s < allowed_s, "the desktop would be given away while the work is still there"
        with connect(guacd_port, resting, "rdp01") as second:
            second.pump_until(lambda: second.drawn >= 5, "a desktop for the next person")
            second.pump_until(lambda: "one.txt" not in look_inside(resting, "ls", "/home/rdp01"), "an empty home")


def test_it_dies_with_a_supervisor_that_is_killed(host: RdpHost) -> None:
    """The supervisor holds the other end of the host's input and nothing else."""
    script = "import subprocess, sys; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE).wait()"
    supervisor = subprocess.Popen(["python3", "-c", script, *command(host)])
    try:
        wait_for(lambda: is_open(host.port), "the RDP host")
        assert processes_of(host) != []
    finally:
        os.kill(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
    wait_for(lambda: processes_of(host) == [], "the end of the RDP host")


def test_the_hosts_own_accounts_are_not_touched_and_files_are_private(host: RdpHost) -> None:
    assert "rdp01" not in Path("/etc/passwd").read_text()
    assert (host.folder / "accounts" / "shadow").stat().st_mode & 0o777 == 0o600
    assert host.folder.stat().st_mode & 0o777 == 0o700
    text = (host.folder / "accounts" / "shadow").read_text()
    assert not any(Secret(file.read_text().strip()).reveal() in text for file in host.password_files.values())


def test_without_root_and_sudo_it_is_left_out_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = prepare(tmp_path / "rdp", 1, load_secrets(tmp_path))
    assert isinstance(answer, LeftOut)
    assert "sudo" in answer.reason
