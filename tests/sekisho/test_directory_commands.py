"""The directory's list on the command line: it follows a sync to its end, and says what to do about a doubted one."""

from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sekisho.cli import main
from sekisho.commands import directory_sync
from sekisho.commands.context import CommandContext

IDLE: Mapping[str, Any] = {
    "id": "directory", "phase": "idle", "asked": None, "round": 4, "result": "ok", "fault": "", "people": 1204,
    "groups": 86, "departments": 41, "read_people": 1204, "read_groups": 86, "added": 2, "changed": 1, "doubt": None,
    "finished_at": None, "full_at": None, "next_at": None,
}  # fmt: skip
DOUBT = {"round": 5, "known": 1204, "missing": 700}
READING = {**IDLE, "phase": "reading", "round": 5, "read_people": 500}
Asked = list[tuple[str, Any, str | None]]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["directory", *words])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """A broker that ends the round as the test's last state tells."""
    calls: Asked = []
    monkeypatch.setattr(directory_sync, "_LOOK_AGAIN_S", 0.0)
    return calls


def answer(monkeypatch: pytest.MonkeyPatch, calls: Asked, *states: Mapping[str, Any]) -> None:
    left = list(states)

    def ask(_self: object, method: str, path: str, *, body: Any = None, query: Any = None, tenant: Any = None) -> Any:
        calls.append((f"{method} {path}", body or query, tenant))
        if path.endswith("/confirm"):
            return {"missing": 700}
        if method == "POST":
            return {"directories": 1}
        return {"directories": [left.pop(0) if len(left) > 1 else left[0]]}

    monkeypatch.setattr(CommandContext, "ask", ask)


def test_a_sync_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    answer(monkeypatch, asked, IDLE, {**IDLE, "asked": "full"}, READING, {**IDLE, "round": 5})
    done = run("sync", "--full", "--tenant", "hinode")
    assert done.exit_code == 0, done.output
    assert "directory: reading, 500 people, 86 groups read" in done.output
    assert done.output.splitlines()[-1] == "directory: ok; 2 added, 1 changed, 1204 kept"
    assert asked[1] == ("POST /admin/directory/sync", {"kind": "full", "directory": None}, "hinode")


def test_a_reading_that_broke_off_is_a_failure(monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    failed = {**IDLE, "round": 5, "result": "failed", "fault": "sizeLimitExceeded"}
    answer(monkeypatch, asked, IDLE, failed)
    done = run("sync")
    assert (done.exit_code, "sizeLimitExceeded" in done.output) == (1, True)


def test_a_doubted_answer_says_how_to_confirm_it(monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    answer(monkeypatch, asked, IDLE, {**IDLE, "round": 5, "result": "doubted", "doubt": DOUBT})
    done = run("sync", "--full")
    assert done.exit_code == 1
    assert "700 of 1204 people were not found; nobody was taken off" in done.output
    assert "sekisho directory confirm directory --round 5 --reason" in done.output
    confirmed = run("confirm", "directory", "--round", "5", "--reason", "広域連合へ移管")
    assert confirmed.exit_code == 0, confirmed.output
    assert asked[-1][:2] == ("POST /admin/directory/directory/confirm", {"round": 5, "reason": "広域連合へ移管"})


def test_who_does_not_want_to_wait_does_not(monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    answer(monkeypatch, asked, IDLE)
    assert run("sync", "--no-wait").exit_code == 0
    assert len(asked) == 2


def test_the_status_is_a_table(monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    answer(monkeypatch, asked, {**IDLE, "doubt": DOUBT})
    done = run("status")
    assert done.exit_code == 0, done.output
    assert "1204" in done.output
    assert "sekisho directory confirm" in done.output
