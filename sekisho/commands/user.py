"""People on the command line."""

import click

from sekisho.commands.context import CommandContext, takes_context


@click.group()
def user() -> None:
    """People (職員)."""


@user.command("list")
@click.argument("text", default="")
@takes_context
def search(context: CommandContext, text: str) -> None:
    """People whose login, name or department contains TEXT."""
    answer = context.ask("GET", "/admin/people", query={"q": text})
    columns = ["id", "login", "display_name", "department", "is_locked", "is_enrolled", "last_signed_in_at"]
    context.show(answer["people"], columns)


def _act(context: CommandContext, user_id: str, action: str, reason: str) -> None:
    context.ask("POST", f"/admin/people/{user_id}/{action}", body={"reason": reason})


_reason = click.option("--reason", required=True, help="Goes into the audit.")


@user.command("lock")
@click.argument("user_id")
@_reason
@takes_context
def lock(context: CommandContext, user_id: str, reason: str) -> None:
    """Lock an account; its sign-ins and sessions end."""
    _act(context, user_id, "lock", reason)
    click.echo(f"{user_id}: locked, sessions ended")


@user.command("unlock")
@click.argument("user_id")
@_reason
@takes_context
def unlock(context: CommandContext, user_id: str, reason: str) -> None:
    """Let a locked account sign in again."""
    _act(context, user_id, "unlock", reason)
    click.echo(f"{user_id}: unlocked")


@user.command("reset-factor")
@click.argument("user_id")
@_reason
@takes_context
def reset_factor(context: CommandContext, user_id: str, reason: str) -> None:
    """Remove the authenticator app; the next sign-in enrols a new one."""
    _act(context, user_id, "reset-factor", reason)
    click.echo(f"{user_id}: the authenticator app is removed")


@user.command("sign-out")
@click.argument("user_id")
@_reason
@takes_context
def sign_out(context: CommandContext, user_id: str, reason: str) -> None:
    """End every sign-in of one person."""
    _act(context, user_id, "sign-out", reason)
    click.echo(f"{user_id}: signed out everywhere")
