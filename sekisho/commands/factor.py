"""Second factors on the command line."""

from typing import Final

import click

from broker.people.factor_desk import IdentityCheck
from sekisho.commands.context import CommandContext, one_of, takes_context
from sekisho.commands.passkey import PASSKEY_COMMANDS
from sekisho.commands.people_named import find_person

_COLUMNS: Final = ("login", "is_enrolled", "app_since", "passkeys", "recovery_codes_left", "code_until")
_checked = click.option(
    "--checked", required=True, type=one_of(IdentityCheck), help="How it was made sure that it is this person."
)
_reason = click.option("--reason", required=True, help="Goes into the audit.")


@click.group()
def factor() -> None:
    """Second factors (認証アプリ, パスキー, 非常用コード) of one person."""


@factor.command("list")
@click.argument("person")
@takes_context
def list_factors(context: CommandContext, person: str) -> None:
    """What PERSON (login or id) can prove themselves by."""
    context.show([context.ask("GET", f"/admin/people/{find_person(context, person)}/factors")], _COLUMNS)


@factor.command("reset")
@click.argument("person")
@_checked
@_reason
@takes_context
def reset(context: CommandContext, person: str, checked: str, reason: str) -> None:
    """Remove app, passkeys and recovery codes of PERSON (login or id); the next sign-in enrols anew. Sign-ins end."""
    body = {"checked": checked, "reason": reason}
    context.ask("POST", f"/admin/people/{find_person(context, person)}/reset-factor", body=body)
    click.echo(f"{person}: no second factor any more, signed out everywhere")


@factor.command("new-code")
@click.argument("person")
@_checked
@_reason
@takes_context
def new_code(context: CommandContext, person: str, checked: str, reason: str) -> None:
    """A one-time code for PERSON (login or id), who enrols a factor by it and the password outside of the office."""
    path = f"/admin/people/{find_person(context, person)}/enrolment-code"
    given = context.ask("POST", path, body={"checked": checked, "reason": reason})
    if context.as_json:
        context.show(given, ())
        return
    click.echo(f"{given['login']}: {given['enrolment_code']}  (not shown again)\ngood until {given['until']}")


for _command in PASSKEY_COMMANDS:
    factor.add_command(_command)
