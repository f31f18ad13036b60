"""The words of the rules on the command line are those of the settings and of the API."""

from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner

from sekisho.cli import main
from sekisho.commands.context import CommandContext

EXPLAINED = {
    "is_allowed": False,
    "reason": "origin_not_allowed",
    "ends_at": None,
    "rules": [{"rule": "origin_allowed", "passed": False, "looked_at": "origin=internet"}],
}

DRILL = {"mode": "bcp", "until": None, "is_drill": True, "now": "normal"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Mapping[str, object]]]:
    """What the API would have been asked; it answers with a refusal by the origin, or with the mode."""
    calls: list[tuple[str, str, Mapping[str, object]]] = []

    def ask(_self: object, method: str, path: str, *, body: Any = None, query: Any = None) -> Any:
        calls.append((method, path, body or query))
        return (
            EXPLAINED if path.endswith("explain") else {"mode": "bcp", "until": None, "is_drill": True, "now": "normal"}
        )

    monkeypatch.setattr(CommandContext, "ask", ask)
    return calls


def test_explain_takes_the_words_of_the_settings(asked: list[tuple[str, str, Mapping[str, object]]]) -> None:
    words = ["policy", "explain", "--user", "taro", "--pool", "lgwan", "--origin", "internet", "--device", "byod"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "refused: origin_not_allowed" in result.output
    expected = {"user": "taro", "pool": "lgwan", "origin": "internet", "segment": "wired", "device": "byod"}
    assert asked == [("GET", "/admin/policy/explain", expected | {"certificate": "absent"})]


def test_a_mode_is_ordered_as_a_drill(asked: list[tuple[str, str, Mapping[str, object]]]) -> None:
    result = CliRunner().invoke(main, ["mode", "set", "bcp", "--drill", "--reason", "訓練"])
    assert result.exit_code == 0, result.output
    assert asked == [("POST", "/admin/mode", {"mode": "bcp", "is_drill": True, "reason": "訓練"})]


def test_a_mode_that_wants_two_people_is_asked_for_by_a_person(
    asked: list[tuple[str, str, Mapping[str, object]]],
) -> None:
    words = ["mode", "set", "bcp", "--until", "2027-01-01T00:00+09:00", "--reason", "地震", "--as", "p9001"]
    result = CliRunner().invoke(main, words, input="himitsu\n123456\n")
    assert result.exit_code == 0, result.output
    sign_in = {"login": "p9001", "password": "himitsu", "code": "123456"}
    body = {"mode": "bcp", "is_drill": False, "reason": "地震", "until": "2027-01-01T00:00+09:00", "sign_in": sign_in}
    assert asked == [("POST", "/admin/mode", body)]


@pytest.mark.parametrize(
    "words",
    [
        ["mode", "set", "bcp", "--reason", "地震", "--until", "2027-01-01"],
        ["mode", "set", "bcp", "--reason", "地震", "--until", "tomorrow"],
        ["policy", "explain", "--user", "taro", "--pool", "lgwan", "--at", "2027-01-01T00:00"],
        ["approval", "set", "taro", "--reason", "在宅", "--until", "2027-13-01"],
        ["exception", "request", "--until", "20270101", "--reason", "工事", "--as", "p9001"],
    ],
)
def test_a_time_that_does_not_read_is_refused_before_anybody_is_asked(
    asked: list[tuple[str, str, Mapping[str, object]]], words: list[str]
) -> None:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "such as 20" in result.output
    assert asked == []
