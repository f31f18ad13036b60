"""Live sessions on the command line."""

import click

from sekisho.commands.context import CommandContext, takes_context


@click.group()
def session() -> None:
    """Sessions (セッション)."""


@session.command("list")
@takes_context
def list_sessions(context: CommandContext) -> None:
    """Sessions that are live now."""
    answer = context.ask("GET", "/admin/sessions")
    context.show(answer["sessions"], ["id", "login", "display_name", "pool", "desktop", "state", "origin", "address"])


@session.command("terminate")
@click.argument("session_id")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def terminate(context: CommandContext, session_id: str, reason: str) -> None:
    """End one session at once (強制切断)."""
    context.ask("POST", f"/admin/sessions/{session_id}/terminate", body={"reason": reason})
    click.echo(f"{session_id}: ended")
