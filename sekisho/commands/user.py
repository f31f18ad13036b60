"""People on the command line."""

from typing import Final

import click

from sekisho.commands.context import CommandContext, takes_context
from sekisho.commands.local_user import LOCAL_COMMANDS
from sekisho.commands.people_named import find_person

_COLUMNS: Final = ("id", "login", "display_name", "department", "is_locked", "is_enrolled", "last_signed_in_at")
_NEWCOMER_COLUMNS: Final = ("login", "display_name", "department", "is_enabled")
_MEASURES: Final = (
    ("lock", "Lock PERSON (login or id); their sign-ins and sessions end.", "locked, sessions ended"),
    ("unlock", "Let PERSON (login or id) sign in again.", "unlocked"),
    ("sign-out", "End every sign-in of PERSON (login or id).", "signed out everywhere"),
)
"""What the desk may do to a person: name in the API, help, and what is said when it is done."""


@click.group()
def user() -> None:
    """People (職員)."""


@user.command("list")
@click.argument("text", default="")
@takes_context
def search(context: CommandContext, text: str) -> None:
    """People whose login, name or department contains TEXT."""
    answer = context.ask("GET", "/admin/people", query={"q": text})
    if context.as_json:
        context.show([*answer["people"], *answer["newcomers"]], _COLUMNS)
        return
    context.show(answer["people"], _COLUMNS)
    if answer["newcomers"]:
        click.echo("\nnever signed in:")
        context.show(answer["newcomers"], _NEWCOMER_COLUMNS)


@user.command("show")
@click.argument("login")
@takes_context
def show(context: CommandContext, login: str) -> None:
    """Why LOGIN can't sign in and what to do; their last sign-ins."""
    people = context.ask("GET", "/admin/people", query={"q": login})["people"]
    found = [one["id"] for one in people if one["login"].casefold() == login.casefold()]
    if len(found) != 1:
        raise click.UsageError(f"{login}: nobody of this login has signed in yet")
    shown = context.ask("GET", f"/admin/people/{found[0]}")
    if context.as_json:
        context.show([shown], ())
        return
    context.show(shown["troubles"] or [{"text": "nothing is in the way of a sign-in"}], ("text", "until", "advice"))
    context.show(shown["signins"], ("at", "text", "address", "entrance", "device", "advice"))


def _measure_command(measure: str, help_text: str, done: str) -> click.Command:
    @click.command(measure, help=help_text)
    @click.argument("person")
    @click.option("--reason", required=True, help="Goes into the audit.")
    @takes_context
    def take_measure(context: CommandContext, person: str, reason: str) -> None:
        context.ask("POST", f"/admin/people/{find_person(context, person)}/{measure}", body={"reason": reason})
        click.echo(f"{person}: {done}")

    return take_measure


for _measure in _MEASURES:
    user.add_command(_measure_command(*_measure))
for _local in LOCAL_COMMANDS:
    user.add_command(_local)
