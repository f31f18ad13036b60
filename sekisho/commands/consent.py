"""Confirmed rules of use on the command line."""

import click

from sekisho.commands.context import CommandContext, takes_context


@click.group()
def consent() -> None:
    """Rules of use (利用規程) and who has confirmed them."""


@consent.command("list")
@click.option("--missing", is_flag=True, help="Only people who have not confirmed the version in force.")
@takes_context
def list_consents(context: CommandContext, *, missing: bool) -> None:
    """Everybody who has signed in, with the version that they confirmed last."""
    rows = context.ask("GET", "/admin/consents")["consents"]
    shown = [row for row in rows if not (missing and row["is_current"])]
    context.show(shown, ["login", "display_name", "department", "is_current", "version", "given_at"])
