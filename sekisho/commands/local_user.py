"""Local accounts on the command line."""

from datetime import datetime
from typing import Any, Final

import click

from broker.model.kinds import Role
from sekisho.commands.context import CommandContext, one_of, takes_context
from sekisho.commands.people_named import find_account

_COLUMNS: Final = ("id", "login", "display_name", "roles", "stands", "is_enrolled", "must_change", "expires_at")
_MEASURES: Final = (
    ("enable", "Enable ACCOUNT (login or id), which was disabled.", "enabled"),
    ("disable", "Disable ACCOUNT (login or id); its sign-ins and sessions end.", "disabled, sessions ended"),
    ("delete", "Delete ACCOUNT (login or id) for good; its login stays reserved.", "deleted"),
)
_reason = click.option("--reason", required=True, help="Goes into the audit.")


@click.command("add-local")
@click.argument("login")
@click.option("--name", "display_name", required=True, help="Name as everybody sees it.")
@click.option("--department", default="")
@click.option("--role", "roles", multiple=True, type=one_of(Role), help="Role in the console; may be repeated.")
@click.option("--group", "groups", multiple=True, help="Group that pools are opened to; may be repeated.")
@click.option("--expires", default="", help="End with its zone, for instance 2026-04-03T17:15+09:00.")
@_reason
@takes_context
def add_local(
    context: CommandContext,
    login: str,
    *,
    display_name: str,
    department: str,
    roles: tuple[str, ...],
    groups: tuple[str, ...],
    expires: str,
    reason: str,
) -> None:
    """Add an account that is in no directory. Its one-time password is shown once and kept nowhere."""
    body: dict[str, object] = {
        "login": login,
        "display_name": display_name,
        "department": department,
        "roles": list(roles),
        "groups": list(groups),
        "reason": reason,
    }
    if expires:
        body["expires_at"] = _read_time(expires)
    _show_password(context, context.ask("POST", "/admin/local-accounts", body=body))


@click.command("list-local")
@takes_context
def list_local(context: CommandContext) -> None:
    """Accounts that are in no directory."""
    context.show(context.ask("GET", "/admin/local-accounts")["accounts"], _COLUMNS)


@click.command("one-time-password")
@click.argument("account")
@_reason
@takes_context
def one_time_password(context: CommandContext, account: str, reason: str) -> None:
    """Give ACCOUNT (login or id) a new one-time password; its sign-ins end."""
    path = f"/admin/local-accounts/{find_account(context, account)}/one-time-password"
    _show_password(context, context.ask("POST", path, body={"reason": reason}))


def _measure_command(measure: str, help_text: str, done: str) -> click.Command:
    @click.command(measure, help=help_text)
    @click.argument("account")
    @_reason
    @takes_context
    def take_measure(context: CommandContext, account: str, reason: str) -> None:
        context.ask(
            "POST", f"/admin/local-accounts/{find_account(context, account)}/{measure}", body={"reason": reason}
        )
        click.echo(f"{account}: {done}")

    return take_measure


LOCAL_COMMANDS: Final = (
    add_local,
    list_local,
    one_time_password,
    *(_measure_command(*measure) for measure in _MEASURES),
)
"""Commands of ``sekisho user`` on local accounts."""


def _show_password(context: CommandContext, given: Any) -> None:
    if context.as_json:
        context.show(given, ())
        return
    click.echo(f"{given['login']} ({given['id']})")
    click.echo(f"one-time password (not shown again): {given['one_time_password']}\ngood until {given['until']}")


def _read_time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text}: not a time such as 2026-04-03T17:15+09:00") from error
    if moment.utcoffset() is None:
        raise click.BadParameter(f"{text}: needs a zone, for instance +09:00")
    return moment.isoformat()
