"""What a program inside a desktop can reach, tried out on the desktop's own command line."""

import os
import socket
from pathlib import Path

import pytest

from tests.pools.sandbox.factories import make_sandbox, run_inside

pytestmark = pytest.mark.real


def shell(tmp_path: Path, locale_dir: Path, script: str) -> tuple[int, str]:
    done = run_inside(make_sandbox(tmp_path, locale_dir), ["/bin/sh", "-c", script])
    return done.returncode, done.stdout + done.stderr


def test_there_is_no_network_but_an_own_loopback(tmp_path: Path, locale_dir: Path) -> None:
    _, said = shell(tmp_path, locale_dir, "tail -n +3 /proc/net/dev | cut -d: -f1; tail -n +2 /proc/net/route")
    assert said.split() == ["lo"]


def test_a_port_of_the_host_is_out_of_reach(tmp_path: Path, locale_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, said = shell(tmp_path, locale_dir, f"exec bash -c ': </dev/tcp/127.0.0.1/{port}'")
    assert code != 0
    assert "refused" in said or "拒否" in said


def test_an_abstract_socket_of_the_host_is_out_of_reach(tmp_path: Path, locale_dir: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0sekisho-test-{os.getpid()}")
        _, said = shell(tmp_path, locale_dir, "cat /proc/net/unix")
    assert "sekisho-test" not in said


def test_no_process_of_the_host_is_seen(tmp_path: Path, locale_dir: Path) -> None:
    _, said = shell(tmp_path, locale_dir, "cat /proc/[0-9]*/comm")
    assert set(said.split()) <= {"bwrap", "sh", "cat"}
    code, _ = shell(tmp_path, locale_dir, f"kill -0 {os.getpid()} && [ {os.getpid()} -gt 20 ]")
    assert code != 0


def test_only_the_own_home_is_there(tmp_path: Path, locale_dir: Path) -> None:
    other = make_sandbox(tmp_path, locale_dir, "lgwan-002")
    run_inside(other, ["/bin/sh", "-c", "echo 秘密 > secret.txt"])
    _, said = shell(tmp_path, locale_dir, "ls -A /home /home/*; ls -d /root /work /mnt /srv /media /boot /sys 2>&1")
    assert "secret.txt" not in said
    assert said.split()[:2] == ["/home:", "yamada.taro"] or "yamada.taro" in said
    assert "lgwan-002" not in said
    assert not any(line.startswith("/") and not line.endswith(":") for line in said.splitlines())


def test_of_var_only_the_font_cache_and_of_etc_no_account_is_seen(tmp_path: Path, locale_dir: Path) -> None:
    _, said = shell(tmp_path, locale_dir, "ls /var /var/cache; cat /etc/passwd; ls /etc/shadow /etc/ssl 2>&1")
    assert "root:" not in said
    assert [line for line in said.splitlines() if line.startswith("yamada")] != []
    assert "fontconfig" in said
    assert "apt" not in said


@pytest.mark.parametrize("path", ["/usr/x", "/opt/desktop/x", "/opt/locale/x", "/etc/fonts/x", "/proc/sys/kernel/x"])
def test_the_systems_folders_are_read_only(tmp_path: Path, locale_dir: Path, path: str) -> None:
    code, _ = shell(tmp_path, locale_dir, f": > {path}")
    assert code != 0


def test_kernel_settings_are_read_only(tmp_path: Path, locale_dir: Path) -> None:
    code, _ = shell(tmp_path, locale_dir, "cat /proc/sys/kernel/core_pattern > /proc/sys/kernel/core_pattern")
    assert code != 0


def test_no_right_is_left_and_none_can_be_made(tmp_path: Path, locale_dir: Path) -> None:
    _, said = shell(tmp_path, locale_dir, "grep -E 'Cap(Eff|Prm|Bnd|Amb)|NoNewPrivs' /proc/self/status")
    assert [line.split()[1].strip("0") for line in said.splitlines()] == ["", "", "", "", "1"]
    code, _ = shell(tmp_path, locale_dir, "unshare --user --map-root-user true")
    assert code != 0


def test_on_the_host_it_never_runs_as_root(tmp_path: Path, locale_dir: Path) -> None:
    sandbox = make_sandbox(tmp_path, locale_dir)
    done = run_inside(sandbox, ["/bin/sh", "-c", "id -u; : > owner"])
    assert done.stdout.strip() == "1000"
    assert (sandbox.home_dir / "owner").stat().st_uid != 0


def test_the_own_temporary_folder_is_bounded(tmp_path: Path, locale_dir: Path) -> None:
    code, _ = shell(tmp_path, locale_dir, "[ $(df --output=size -k /tmp | tail -1) -le 524288 ]")
    assert code == 0


def test_the_environment_of_the_host_is_not_inherited(
    tmp_path: Path, locale_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SECRET", "hunter2")
    _, said = shell(tmp_path, locale_dir, "env; tr '\\0' '\\n' </proc/1/environ")
    assert "hunter2" not in said


def test_the_locale_is_japanese(tmp_path: Path, locale_dir: Path) -> None:
    _, said = shell(tmp_path, locale_dir, "locale charmap; ls /nowhere")
    assert said.startswith("UTF-8")
    assert "そのような" in said
