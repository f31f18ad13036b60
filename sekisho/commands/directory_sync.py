"""The list that is kept of each directory, on the command line."""

import time
from collections.abc import Mapping
from typing import Any, Final

import click

from sekisho.commands.context import CommandContext, escape_unseen, takes_context

_COLUMNS: Final = (
    "id", "result", "phase", "people", "groups", "departments", "finished_at", "full_at", "next_at", "fault",
)  # fmt: skip
_LOOK_AGAIN_S: Final = 0.5
_TENANT = click.option("--tenant", help="Id of the municipality, where there are several.")


@click.command("status")
@_TENANT
@takes_context
def status(context: CommandContext, tenant: str | None) -> None:
    """How the sync of each directory stands, and how much is kept of it."""
    listed = context.ask("GET", "/admin/directory", tenant=tenant)["directories"]
    context.show(listed, _COLUMNS)
    if not context.as_json:
        for one in listed:
            _show_doubt(one)


@click.command("people")
@click.argument("text", default="")
@_TENANT
@takes_context
def people(context: CommandContext, text: str, tenant: str | None) -> None:
    """People of the directories, also those who never signed in; the first 50 that TEXT fits."""
    found = context.ask("GET", "/admin/directory/people", query={"q": text}, tenant=tenant)
    shown = ("login", "display_name", "department", "is_enabled", "is_enrolled", "last_signed_in_at", "directory")
    context.show(found["people"], shown)
    if found["next_page"] and not context.as_json:
        click.echo("there are more: give a longer TEXT")


@click.command("prepare")
@click.argument("login")
@_TENANT
@takes_context
def prepare(context: CommandContext, login: str, tenant: str | None) -> None:
    """Give LOGIN, who never signed in, an account; then a code to enrol with can be issued for it."""
    done = context.ask("POST", "/admin/directory/people", body={"login": login}, tenant=tenant)
    click.echo(f"{login}: {done['user_id']}")


@click.command("sync")
@click.option("--full", is_flag=True, help="Read everything, and notice who is gone; otherwise changes alone.")
@click.option("--directory", "directory_id", help="Id of one directory; without it all are synced.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Show the progress until it is over.")
@_TENANT
@takes_context
def sync(context: CommandContext, full: bool, directory_id: str | None, wait: bool, tenant: str | None) -> None:
    """Read the directory now. Exit status 1 when a reading broke off or its answer is doubted."""
    before = {one["id"]: one for one in context.ask("GET", "/admin/directory", tenant=tenant)["directories"]}
    order = {"kind": "full" if full else "changes", "directory": directory_id}
    context.ask("POST", "/admin/directory/sync", body=order, tenant=tenant)
    if not wait:
        return
    wanted = [one for one in before if directory_id in (None, one)]
    failed = [one for one in wanted if not _follow(context, before[one], tenant)]
    if failed:
        raise click.exceptions.Exit(1)


@click.command("confirm")
@click.argument("directory_id")
@click.option("--round", "round_", type=int, required=True, help="Number of the doubted answer.")
@click.option("--reason", required=True, help="Goes into the audit.")
@_TENANT
@takes_context
def confirm(context: CommandContext, directory_id: str, round_: int, reason: str, tenant: str | None) -> None:
    """People who were missing in a doubted answer have really left."""
    path = f"/admin/directory/{directory_id}/confirm"
    done = context.ask("POST", path, body={"round": round_, "reason": reason}, tenant=tenant)
    click.echo(f"{directory_id}: {done['missing']} people are being taken off the list")


def _follow(context: CommandContext, before: Mapping[str, Any], tenant: str | None) -> bool:
    """Tell how far it has come until the round that was asked for is over; whether it went well."""
    told = ""
    while True:
        listed = context.ask("GET", "/admin/directory", tenant=tenant)["directories"]
        now = next(one for one in listed if one["id"] == before["id"])
        line = f"{now['id']}: {now['phase']}, {now['read_people']} people, {now['read_groups']} groups read"
        if line != told and now["round"] > before["round"]:
            click.echo(line)
            told = line
        if now["round"] > before["round"] and now["phase"] == "idle" and now["asked"] is None:
            break
        time.sleep(_LOOK_AGAIN_S)
    click.echo(f"{now['id']}: {now['result']}; {now['added']} added, {now['changed']} changed, {now['people']} kept")
    if now["fault"]:
        click.echo(escape_unseen(f"  {now['fault']}"))
    _show_doubt(now)
    return bool(now["result"] == "ok")


def _show_doubt(one: Mapping[str, Any]) -> None:
    doubt = one["doubt"]
    if doubt is None:
        return
    click.echo(f"{one['id']}: {doubt['missing']} of {doubt['known']} people were not found; nobody was taken off.")
    click.echo("  Ask whoever runs the directory. If they have really left:")
    click.echo(f"  sekisho directory confirm {one['id']} --round {doubt['round']} --reason …")
