"""Who is meant on the command line: a person by login, as everybody says it, or by the id that lists show."""

from collections.abc import Iterable, Mapping
from typing import Any

from sekisho.commands.context import CommandContext


def find_person(context: CommandContext, named: str) -> str:
    """The id of the person with this login; what is no login is an id and goes on as it is."""
    return _find(context.ask("GET", "/admin/people", query={"q": named})["people"], named)


def find_account(context: CommandContext, named: str) -> str:
    """The same among local accounts."""
    return _find(context.ask("GET", "/admin/local-accounts")["accounts"], named)


def _find(known: Iterable[Mapping[str, Any]], named: str) -> str:
    found = [str(one["id"]) for one in known if str(one["login"]).casefold() == named.casefold()]
    return found[0] if len(found) == 1 else named
