"""Exceptions, rules and decisions on the command line: what is asked of the API, and who is asked for a password."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sekisho.cli import main
from sekisho.commands.context import CommandContext
from sekisho.commands.rules import read_rules, write_rules

CHANGE = {"id": "c-1", "kind": "exception", "state": "requested", "reason": "工事", "requested_by": "user:u-1"}
SIGN_IN = {"login": "p9001", "password": "himitsu", "code": "123456"}
TYPED = "himitsu\n123456\n"
Calls = list[tuple[str, str, Mapping[str, object]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What the API would have been asked."""
    calls: Calls = []

    def ask(_self: object, method: str, path: str, *, body: Any = None, query: Any = None) -> Any:
        calls.append((method, path, body or query))
        if path.endswith("/rehearse"):
            return {"since": "x", "decisions": 3, "unreadable": 0, "is_complete": True, "losing": [], "gaining": []}
        if method == "GET":
            return {"changes": [CHANGE], "number": 2, "rules": {"groups": ["a"]}, "versions": [CHANGE]}
        return CHANGE

    monkeypatch.setattr(CommandContext, "ask", ask)
    return calls


def run(*words: str, typed: str = "") -> Result:
    result = CliRunner().invoke(main, list(words), input=typed)
    assert result.exit_code == 0, result.output
    return result


def test_an_exception_is_asked_for_by_a_person(asked: Calls) -> None:
    words = ("exception", "request", "--until", "2027-03-31", "--pool", "juki", "--grant", "print_out", "--for-bcp")
    result = run(*words, "--reason", "工事", "--as", "p9001", typed=TYPED)
    assert "himitsu" not in result.output
    order = {"ends_on": "2027-03-31", "pools": ("juki",), "grants": ("print_out",), "reason": "工事"}
    assert asked == [("POST", "/admin/exceptions", order | {"for_mode": "bcp", "sign_in": SIGN_IN})]


@pytest.mark.parametrize("verb, decision", [("approve", "approved"), ("withdraw", "withdrawn")])
def test_who_approves_or_withdraws_signs_in(asked: Calls, verb: str, decision: str) -> None:
    run("change", verb, "c-1", "--reason", "確認", "--as", "p9001", typed=TYPED)
    body = {"decision": decision, "reason": "確認", "sign_in": SIGN_IN}
    assert asked == [("POST", "/admin/changes/c-1/decide", body)]


@pytest.mark.parametrize("verb, decision", [("reject", "rejected"), ("revoke", "revoked")])
def test_what_makes_nothing_looser_needs_no_sign_in(asked: Calls, verb: str, decision: str) -> None:
    run("change", verb, "c-1", "--reason", "不要")
    assert asked == [("POST", "/admin/changes/c-1/decide", {"decision": decision, "reason": "不要"})]


def test_lists_show_who_asked(asked: Calls) -> None:
    assert "user:u-1" in run("exception", "list").output
    assert "user:u-1" in run("change", "list", "--kind", "mode").output
    assert [query for _method, _path, query in asked] == [{"kind": "exception"}, {"kind": "mode"}]


def test_rules_are_shown_rehearsed_saved_and_restored(asked: Calls, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('groups = ["a"]\norigins = ["office"]\n[restrictions.hours]\nopens = 09:00:00\n', "utf-8")
    rules = {"groups": ["a"], "origins": ["office"], "restrictions": {"hours": {"opens": "09:00:00"}}}
    assert "version 2 holds" in run("rules", "show", "--pool", "juki").output
    assert "3 decisions" in run("rules", "rehearse", "--pool", "juki", "--mode", "bcp", str(file)).output
    run("rules", "save", "--pool", "juki", "--based-on", "2", "--reason", "見直し", str(file))
    run("rules", "restore", "c-1", "--based-on", "3", "--reason", "戻す", "--as", "p9001", typed=TYPED)
    assert asked[1:] == [
        ("POST", "/admin/rules/rehearse", {"pool": "juki", "rules": rules, "mode": "bcp"}),
        ("POST", "/admin/rules", {"pool": "juki", "based_on": 2, "reason": "見直し", "rules": rules}),
        ("POST", "/admin/rules/restore", {"id": "c-1", "based_on": 3, "reason": "戻す", "sign_in": SIGN_IN}),
    ]


def test_a_file_that_is_no_toml_is_named(asked: Calls, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("groups = [", "utf-8")
    result = CliRunner().invoke(main, ["rules", "save", "--based-on", "1", "--reason", "x", str(file)])
    assert (result.exit_code, "rules.toml" in result.output) == (1, True)
    assert asked == []


def test_rules_are_shown_as_the_file_that_saves_them(tmp_path: Path) -> None:
    """Whoever changes one line of many keeps the others."""
    restrictions = {"origins": None, "devices": ["managed"], "approval_from": [], "max_sessions": 2, "hours": None}
    text = write_rules({"restrictions": restrictions, "groups": ["b", "a"], "origins": ["office"]})
    file = tmp_path / "rules.toml"
    file.write_text(text, "utf-8")
    kept = {"devices": ["managed"], "max_sessions": 2}
    assert read_rules(file) == {"groups": ["a", "b"], "origins": ["office"], "restrictions": kept}
    assert write_rules({"restrictions": {"origins": None}, "groups": None, "origins": None}) == ""
