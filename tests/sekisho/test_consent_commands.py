"""Confirmed rules of use on the command line."""

from typing import Any

import pytest
from click.testing import CliRunner

from sekisho.cli import main
from sekisho.commands.context import CommandContext

ROWS = [
    {"login": "yamada", "display_name": "山田 太郎", "department": "市民課", "is_current": True, "version": "2026-1",
     "given_at": "2026-11-20T00:30:00Z"},
    {"login": "suzuki", "display_name": "鈴木 一郎", "department": "税務課", "is_current": False, "version": None,
     "given_at": None},
]  # fmt: skip


def test_the_list_can_be_of_those_who_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def ask(_self: object, method: str, path: str) -> Any:
        asked.append((method, path))
        return {"consents": ROWS}

    monkeypatch.setattr(CommandContext, "ask", ask)
    everybody = CliRunner().invoke(main, ["consent", "list"])
    missing = CliRunner().invoke(main, ["consent", "list", "--missing"])
    assert (everybody.exit_code, missing.exit_code) == (0, 0)
    assert "yamada" in everybody.output
    assert "yamada" not in missing.output
    assert "suzuki" in missing.output
    assert asked == [("GET", "/admin/consents")] * 2
