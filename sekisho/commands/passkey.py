"""One person's passkeys on the command line: part of ``sekisho factor``."""

from typing import Final

import click

from sekisho.commands.context import CommandContext, takes_context
from sekisho.commands.people_named import find_person

_COLUMNS: Final = ("id", "name", "rp_id", "created_at", "last_used_at")


@click.command("passkeys")
@click.argument("person")
@takes_context
def list_passkeys(context: CommandContext, person: str) -> None:
    """The passkeys and security keys (パスキー) of PERSON (login or id)."""
    context.show(context.ask("GET", f"/admin/people/{find_person(context, person)}/passkeys")["passkeys"], _COLUMNS)


@click.command("remove-passkey")
@click.argument("person")
@click.argument("passkey_id")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def remove_passkey(context: CommandContext, person: str, passkey_id: str, reason: str) -> None:
    """Take a lost key away from PERSON (login or id). Never the last factor: that is a reset."""
    path = f"/admin/people/{find_person(context, person)}/passkeys/{passkey_id}/remove"
    answer = context.ask("POST", path, body={"reason": reason})
    click.echo(f"{answer['name']}: removed, the person's browsers are signed out")


PASSKEY_COMMANDS: Final = (list_passkeys, remove_passkey)
