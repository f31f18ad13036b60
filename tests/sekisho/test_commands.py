"""What the command line shows, and how it takes what is secret."""

import json

import pytest
from click.testing import CliRunner
from pyotp.totp import TOTP

from broker.model.text import is_unseen
from sekisho.commands.code import code
from sekisho.commands.context import CommandContext

KEY = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"
HOSTILE = "\x1b]0;owned\x07\u202eevil\nFAKE LINE\x9b2J\U000e0041 点検"
ROWS = [{"id": 1, "event": HOSTILE, "detail": {"reason": HOSTILE}}]


@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_that_is_shown_is_obeyed_by_a_terminal(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    CommandContext(None, as_json=as_json).show(ROWS, ["id", "event", "detail"])
    shown = capsys.readouterr().out
    assert not any(is_unseen(sign) for sign in shown.replace("\n", ""))
    assert "点検" in shown
    if as_json:
        assert json.loads(shown) == ROWS
    else:
        assert len(shown.splitlines()) == 2


@pytest.mark.parametrize("arguments, typed", [([KEY], ""), (["-"], f"{KEY}\n"), ([], f"{KEY}\n")])
def test_a_key_need_not_stand_on_the_command_line(arguments: list[str], typed: str) -> None:
    result = CliRunner().invoke(code, arguments, input=typed)
    assert result.exit_code == 0
    totp = TOTP(KEY.replace(" ", ""))
    assert totp.verify(result.output.strip(), valid_window=1)


def test_no_key_at_all_is_said_plainly() -> None:
    result = CliRunner().invoke(code, [], input="")
    assert result.exit_code == 1
    assert "that is not a text key" in result.output
