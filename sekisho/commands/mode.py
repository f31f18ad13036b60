"""The tenant's mode on the command line."""

import click

from broker.model.kinds import Mode
from sekisho.commands.change import ask_sign_in
from sekisho.commands.context import CommandContext, one_of, takes_context
from sekisho.commands.moments import MOMENT


@click.group()
def mode() -> None:
    """Mode of operation (運用状態): normal, bcp, degraded, maintenance."""


@mode.command("show")
@takes_context
def show_mode(context: CommandContext) -> None:
    """The mode that is set, and the one that decisions see."""
    context.show([context.ask("GET", "/admin/mode")], ["mode", "until", "is_drill", "now"])


@mode.command("set")
@click.argument("wanted", type=one_of(Mode))
@click.option("--until", type=MOMENT, default="", help="End, for instance 2026-04-03T17:15+09:00; bcp needs one.")
@click.option("--drill", is_flag=True, help="A drill: noted everywhere, and no decision changes.")
@click.option("--reason", required=True, help="Goes into the audit.")
@click.option("--as", "login", default="", help="Login of the person who asks, where the baseline wants two people.")
@takes_context
def set_mode(context: CommandContext, wanted: str, until: str, drill: bool, reason: str, login: str) -> None:
    """Change the mode. What it does not let in ends at once."""
    body: dict[str, object] = {"mode": wanted, "is_drill": drill, "reason": reason}
    if until:
        body["until"] = until
    if login:
        body["sign_in"] = ask_sign_in(login)
    context.show([context.ask("POST", "/admin/mode", body=body)], ["mode", "until", "is_drill", "now", "awaits"])
