"""The command line of a desktop, without starting anything."""

from pathlib import Path
from typing import Any

import pytest

from broker.errors import ConfigurationError
from broker.secret import Secret
from pools.sandbox import CLEAN, HostAccount, command, enter, new_password
from pools.sandbox.command import SandboxFds
from tests.pools.sandbox.factories import make_sandbox

FDS = SandboxFds(password=10, passwd=11, group=12, hosts=13, machine_id=14, policies=15, forward=16, alive=17)


def test_the_password_is_nowhere_on_the_command_line(tmp_path: Path) -> None:
    assert not any("Abcdef12" in part for part in command(make_sandbox(tmp_path, tmp_path), FDS))


@pytest.mark.parametrize(
    "flag", ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--clearenv", "--die-with-parent"]
)
def test_isolation_is_always_asked_for(tmp_path: Path, flag: str) -> None:
    assert flag in command(make_sandbox(tmp_path, tmp_path), FDS)


def test_an_account_is_entered_before_the_sandbox_is_built(tmp_path: Path) -> None:
    line = command(make_sandbox(tmp_path, tmp_path, host_account=HostAccount(61200, 61200)), FDS)
    assert line.index("--reuid") < line.index("bwrap")
    assert str(tmp_path / "home" / "lgwan-001") not in line[line.index("bwrap") :]


def test_without_an_account_only_the_environment_is_left_behind(tmp_path: Path) -> None:
    entry = enter(None, {"home": tmp_path})
    assert entry.arguments == [*CLEAN]
    assert entry.folders == {"home": str(tmp_path)}


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "../root"},
        {"user": "a:b"},
        {"user": ""},
        {"desktop_id": "a/b"},
        {"desktop_id": "-x"},
        {"geometry": "1280"},
        {"colour": "red; x"},
        {"password": Secret("short")},
        {"password": Secret("too-long-for-vnc")},
    ],
)
def test_what_could_leave_its_place_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        make_sandbox(tmp_path, tmp_path, **changes)


def test_accounts_are_stable_and_lie_in_the_dynamic_range() -> None:
    accounts = {HostAccount.of_desktop(f"d{number}").uid for number in range(200)}
    assert HostAccount.of_desktop("d7") == HostAccount.of_desktop("d7")
    assert min(accounts) >= 61184
    assert max(accounts) <= 65519
    assert len(accounts) > 150


def test_passwords_have_the_length_that_vnc_reads() -> None:
    assert len({new_password().reveal() for _ in range(50)}) == 50
    assert len(new_password().reveal()) == 8
