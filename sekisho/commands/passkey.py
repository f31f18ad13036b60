"""People's passkeys on the command line."""

from typing import Final

import click

from sekisho.commands.context import CommandContext, takes_context

_COLUMNS: Final = ("id", "name", "rp_id", "created_at", "last_used_at")


@click.group()
def passkey() -> None:
    """People's passkeys and security keys (パスキー)."""


@passkey.command("list")
@click.argument("user_id")
@takes_context
def list_passkeys(context: CommandContext, user_id: str) -> None:
    """The passkeys of one person, by the id that `sekisho user list` shows."""
    context.show(context.ask("GET", f"/admin/people/{user_id}/passkeys")["passkeys"], _COLUMNS)


@passkey.command("remove")
@click.argument("user_id")
@click.argument("passkey_id")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def remove_passkey(context: CommandContext, user_id: str, passkey_id: str, reason: str) -> None:
    """Take away a lost key. Never the last factor: that is a reset."""
    answer = context.ask("POST", f"/admin/people/{user_id}/passkeys/{passkey_id}/remove", body={"reason": reason})
    click.echo(f"{answer['name']}: removed, the person's browsers are signed out")
