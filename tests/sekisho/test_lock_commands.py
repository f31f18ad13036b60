"""Locks on the command line: by the keys of the list, by a name, by an address."""

from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sekisho.cli import main
from sekisho.commands.context import CommandContext

LOCKS = [
    {"key": "pair:demo:yamada@portal/192.0.2.1", "scope": "pair", "login": "yamada", "address": "192.0.2.1"},
    {"key": "acct:demo:yamada", "scope": "acct", "login": "yamada", "address": "192.0.2.9"},
    {"key": "addr:demo:portal/192.0.2.1", "scope": "addr", "login": "", "address": "192.0.2.1"},
]
Asked = list[tuple[str, str, Mapping[str, object] | None]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    calls: Asked = []

    def ask(_self: object, method: str, path: str, *, body: Any = None, query: Any = None) -> Any:
        calls.append((method, path, body or query))
        if path == "/admin/locks":
            return {"locks": LOCKS}
        if path == "/admin/people/u1":
            told = {"text": "待ち時間です", "until": None, "advice": "待ってください"}
            return {"troubles": [told], "signins": []}
        if path == "/admin/people":
            return {"people": [{"id": "u1", "login": "Yamada"}, {"id": "u2", "login": "yamadakun"}]}
        return {"count": len((body or {}).get("keys", [])), "address": "192.0.2.0/24", "until": "2026-11-22T00:00:00Z"}

    monkeypatch.setattr(CommandContext, "ask", ask)
    return calls


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["lock", *words])


def test_all_of_a_name_are_lifted_at_once(asked: Asked) -> None:
    assert "2 lifted" in run("lift", "--login", "YAMADA", "--reason", "本人確認済み").output
    body = {"keys": ["acct:demo:yamada", "pair:demo:yamada@portal/192.0.2.1"], "reason": "本人確認済み"}
    assert asked[-1] == ("POST", "/admin/locks/lift", body)


def test_what_is_counted_at_an_address_is_lifted_without_the_names_there(asked: Asked) -> None:
    run("lift", "--address", "192.0.2.1", "--reason", "x")
    assert asked[-1][2] == {"keys": ["addr:demo:portal/192.0.2.1"], "reason": "x"}


def test_nothing_to_lift_is_said_with_what_to_name(asked: Asked) -> None:
    done = run("lift", "--login", "nobody", "--reason", "x")
    assert (done.exit_code, "sekisho lock list" in done.output) == (2, True)
    assert len(asked) == 1


def test_the_list_shows_why_and_until_when(asked: Asked) -> None:
    assert "acct:demo:yamada" in run("list").output
    assert asked == [("GET", "/admin/locks", None)]


def test_an_address_is_blocked_for_minutes(asked: Asked) -> None:
    assert "blocked until" in run("address", "192.0.2.0/24", "--minutes", "60", "--reason", "x").output
    assert asked[-1][2] == {"address": "192.0.2.0/24", "minutes": 60, "reason": "x"}
    assert run("address", "192.0.2.0/24", "--minutes", "0", "--reason", "x").exit_code == 2


def test_a_person_is_locked_and_unlocked_by_the_whole_login(asked: Asked) -> None:
    assert "locked, sessions ended" in run("person", "yamada", "--reason", "x").output
    assert asked[-1] == ("POST", "/admin/people/u1/lock", {"reason": "x"})
    run("person", "yamada", "--unlock", "--reason", "x")
    assert [path for _, path, _ in asked][-1] == "/admin/people/u1/unlock"
    assert run("person", "yama", "--reason", "x").exit_code == 2


def test_one_person_is_shown_with_what_is_in_the_way_and_what_to_do(asked: Asked) -> None:
    shown = CliRunner().invoke(main, ["user", "show", "YAMADA"])
    assert ("待ち時間です" in shown.output, "待ってください" in shown.output) == (True, True)
    assert asked[-1] == ("GET", "/admin/people/u1", None)
    assert CliRunner().invoke(main, ["user", "show", "yama"]).exit_code == 2


@pytest.mark.parametrize("named, meant", [("yamada", "u1"), ("YAMADA", "u1"), ("u2", "u2"), ("nobody", "nobody")])
def test_a_person_is_named_by_login_or_by_id(asked: Asked, named: str, meant: str) -> None:
    CliRunner().invoke(main, ["user", "lock", named, "--reason", "退職"])
    assert asked[-1] == ("POST", f"/admin/people/{meant}/lock", {"reason": "退職"})
    CliRunner().invoke(main, ["factor", "reset", named, "--checked", "employee_card", "--reason", "紛失"])
    assert asked[-1][1] == f"/admin/people/{meant}/reset-factor"
