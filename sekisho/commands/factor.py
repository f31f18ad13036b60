"""Second factors on the command line."""

from typing import Final

import click

from broker.people.factor_desk import IdentityCheck
from sekisho.commands.context import CommandContext, one_of, takes_context
from sekisho.commands.passkey import PASSKEY_COMMANDS

_COLUMNS: Final = ("login", "is_enrolled", "app_since", "passkeys", "recovery_codes_left", "code_until")
_checked = click.option(
    "--checked", required=True, type=one_of(IdentityCheck), help="How it was made sure that it is this person."
)
_reason = click.option("--reason", required=True, help="Goes into the audit.")


@click.group()
def factor() -> None:
    """Second factors (認証アプリ, パスキー, 非常用コード) of one person."""


@factor.command("list")
@click.argument("user_id")
@takes_context
def list_factors(context: CommandContext, user_id: str) -> None:
    """What the person USER_ID can prove themselves by."""
    context.show([context.ask("GET", f"/admin/people/{user_id}/factors")], _COLUMNS)


@factor.command("reset")
@click.argument("user_id")
@_checked
@_reason
@takes_context
def reset(context: CommandContext, user_id: str, checked: str, reason: str) -> None:
    """Remove app, passkeys and recovery codes; the next sign-in enrols anew. Sign-ins end."""
    body = {"checked": checked, "reason": reason}
    context.ask("POST", f"/admin/people/{user_id}/reset-factor", body=body)
    click.echo(f"{user_id}: no second factor any more, signed out everywhere")


@factor.command("new-code")
@click.argument("user_id")
@_checked
@_reason
@takes_context
def new_code(context: CommandContext, user_id: str, checked: str, reason: str) -> None:
    """A one-time code: with it and the password, a factor is enrolled from outside of the office."""
    given = context.ask("POST", f"/admin/people/{user_id}/enrolment-code", body={"checked": checked, "reason": reason})
    if context.as_json:
        context.show(given, ())
        return
    click.echo(f"{given['login']}: {given['enrolment_code']}  (not shown again)\ngood until {given['until']}")


for _command in PASSKEY_COMMANDS:
    factor.add_command(_command)
