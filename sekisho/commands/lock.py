"""Waits at sign-in, blocked addresses and locked people on the command line."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from sekisho.commands.context import CommandContext, takes_context

_COLUMNS: Final = ("scope", "login", "address", "entrances", "attempts", "until", "reason", "key")


@click.group()
def lock() -> None:
    """Waits at sign-in (ロック), blocked addresses, locked people."""


@lock.command("list")
@takes_context
def list_locks(context: CommandContext) -> None:
    """Who waits now, why, until when, after how many tries."""
    context.show(_locks(context), _COLUMNS)


@lock.command("lift")
@click.argument("keys", nargs=-1)
@click.option("--login", "login", default="", help="All that bind this name now.")
@click.option("--address", "address", default="", help="All that are counted at, or block, this address now.")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def lift(context: CommandContext, keys: Sequence[str], login: str, address: str, reason: str) -> None:
    """Lift waits and blocks by KEYS of the list, or all of a name or address."""
    found = [one["key"] for one in _locks(context) if _is_meant(one, login, address)]
    chosen = sorted({*keys, *found})
    if not chosen:
        raise click.UsageError("nothing to lift: name KEYS of 'sekisho lock list', --login or --address")
    answer = context.ask("POST", "/admin/locks/lift", body={"keys": chosen, "reason": reason})
    click.echo(f"{answer['count']} lifted")


@lock.command("address")
@click.argument("address")
@click.option("--minutes", required=True, type=click.IntRange(1, 43_200), help="For so long.")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def block(context: CommandContext, address: str, minutes: int, reason: str) -> None:
    """Let nobody sign in from ADDRESS (or a network) for a time."""
    body = {"address": address, "minutes": minutes, "reason": reason}
    answer = context.ask("POST", "/admin/locks/address", body=body)
    click.echo(f"{answer['address']}: blocked until {answer['until']}")


@lock.command("person")
@click.argument("login")
@click.option("--reason", required=True, help="Goes into the audit.")
@click.option("--unlock", is_flag=True, help="Let them sign in again.")
@takes_context
def person(context: CommandContext, login: str, reason: str, unlock: bool) -> None:
    """Lock LOGIN at once: sign-ins and desktops end within seconds."""
    people = context.ask("GET", "/admin/people", query={"q": login})["people"]
    found = [one["id"] for one in people if one["login"].casefold() == login.casefold()]
    if len(found) != 1:
        raise click.UsageError(f"{login}: nobody of this login has signed in yet")
    measure = "unlock" if unlock else "lock"
    context.ask("POST", f"/admin/people/{found[0]}/{measure}", body={"reason": reason})
    click.echo(f"{login}: {'unlocked' if unlock else 'locked, sessions ended'}")


def _locks(context: CommandContext) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = context.ask("GET", "/admin/locks")["locks"]
    return found


def _is_meant(one: Mapping[str, Any], login: str, address: str) -> bool:
    is_name = bool(login) and one["login"].casefold() == login.casefold()
    return is_name or (bool(address) and not one["login"] and one["address"] == address)
