"""The sealing key on the command line: a new one on a running site, step by step."""

import time
from collections.abc import Mapping
from typing import Any, Final

import click

from sekisho.commands.context import CommandContext, takes_context

_COLUMNS: Final = ("id", "is_in_use", "sealed")
_BROKER_COLUMNS: Final = ("label", "keys", "seals_by", "seen_at")
_AT_REST: Final = "at_rest"
_PAUSE_S: Final = 0.5


@click.group()
def key() -> None:
    """The key that seals secrets in the database (one-time code secrets, desktop accounts, the devices' CA)."""


@key.command("status")
@takes_context
def show_status(context: CommandContext) -> None:
    """Keys of the file, what each has sealed, and what every running broker holds."""
    status = context.ask("GET", "/admin/keys")
    if context.as_json:
        context.show(status, ())
        return
    context.show(status["keys"], _COLUMNS)
    click.echo()
    context.show(status["brokers"], _BROKER_COLUMNS)
    click.echo(f"\n{_tell(status)}")


@key.command("rotate")
@click.option("--wait", "wait_s", type=float, default=300.0, show_default=True, help="Seconds for all of it.")
@takes_context
def rotate(context: CommandContext, wait_s: float) -> None:
    """Make a new key and seal everything by it. Interrupted, the same command goes on where it stopped."""
    deadline = time.monotonic() + wait_s
    status = context.ask("POST", "/admin/keys/rotate", body={"begins": True})
    told = ""
    while status["stage"] != _AT_REST:
        if told != (told := _tell(status)):
            click.echo(told, err=True)
        if time.monotonic() > deadline:
            raise click.ClickException(f"not done after {wait_s:g} s: {told}. Run the command again to go on.")
        if status["waits_for"]:
            time.sleep(_PAUSE_S)
        status = context.ask("POST", "/admin/keys/rotate", body={"begins": False})
    newest, older = status["keys"][-1]["id"], [each["id"] for each in status["keys"][:-1]]
    click.echo(f"{newest}: in use, everything is sealed by it")
    for each in older:
        click.echo(f"in a minute: sekisho key retire {each}  (keep a copy for the backups made until now)")


@key.command("retire")
@click.argument("key_id")
@takes_context
def retire(context: CommandContext, key_id: str) -> None:
    """Take the key KEY_ID out of this host's file; refused while anything needs it."""
    context.ask("POST", "/admin/keys/retire", body={"key": key_id})
    click.echo(f"{key_id}: retired; copy the key file to the other brokers' hosts")


def _tell(status: Mapping[str, Any]) -> str:
    if status["waits_for"]:
        brokers = ", ".join(status["waits_for"])
        return f"waits for {brokers}: on another host, copy the key file there"
    return "at rest" if status["stage"] == _AT_REST else f"{status['left']} values left"
