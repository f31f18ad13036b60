"""One person's passkeys on the command line: part of ``sekisho factor``."""

from typing import Final

import click

from sekisho.commands.context import CommandContext, takes_context

_COLUMNS: Final = ("id", "name", "rp_id", "created_at", "last_used_at")


@click.command("passkeys")
@click.argument("user_id")
@takes_context
def list_passkeys(context: CommandContext, user_id: str) -> None:
    """The passkeys and security keys (パスキー) of the person USER_ID."""
    context.show(context.ask("GET", f"/admin/people/{user_id}/passkeys")["passkeys"], _COLUMNS)


@click.command("remove-passkey")
@click.argument("user_id")
@click.argument("passkey_id")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def remove_passkey(context: CommandContext, user_id: str, passkey_id: str, reason: str) -> None:
    """Take away a lost key. Never the last factor: that is a reset."""
    answer = context.ask("POST", f"/admin/people/{user_id}/passkeys/{passkey_id}/remove", body={"reason": reason})
    click.echo(f"{answer['name']}: removed, the person's browsers are signed out")


PASSKEY_COMMANDS: Final = (list_passkeys, remove_passkey)
