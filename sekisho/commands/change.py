"""Exceptions, and everything that wants a second person, on the command line."""

from typing import Any, Final

import click

from broker.model.kinds import DeviceKind, Mode, Origin, Segment
from broker.model.policy_records import ChangeKind
from broker.model.rules import GrantName
from sekisho.commands.context import CommandContext, one_of, takes_context
from sekisho.commands.moments import DAY

_COLUMNS: Final = (
    "id",
    "kind",
    "pool",
    "number",
    "state",
    "holds_now",
    "reason",
    "requested_by",
    "decided_by",
    "until",
)
_REASON: Final = click.option("--reason", required=True, help="Goes into the audit.")
_PERSON: Final = click.option(
    "--as", "login", required=True, help="Login of the person who acts; password and one-time code are asked for."
)


def ask_sign_in(login: str) -> dict[str, str]:
    """Both factors of a person, typed unseen: a change that loosens is nobody's but theirs."""
    password = click.prompt("Password", hide_input=True)
    return {"login": login, "password": password, "code": click.prompt("One-time code", hide_input=True)}


@click.group()
def change() -> None:
    """Changes of rules with their people: exceptions, versions, modes (変更と承認)."""


@change.command("list")
@click.option("--kind", type=one_of(ChangeKind), default=ChangeKind.EXCEPTION.value, show_default=True)
@takes_context
def list_changes(context: CommandContext, kind: str) -> None:
    """The newest first, with who asked and who decided."""
    answer = context.ask("GET", "/admin/changes", query={"kind": kind})
    context.show(answer["changes"], _COLUMNS)


def _decide(context: CommandContext, change_id: str, decision: str, reason: str, login: str = "") -> None:
    body: dict[str, object] = {"decision": decision, "reason": reason}
    if login:
        body["sign_in"] = ask_sign_in(login)
    answer = context.ask("POST", f"/admin/changes/{change_id}/decide", body=body)
    context.show([answer], _COLUMNS)


@change.command("approve")
@click.argument("change_id")
@_PERSON
@_REASON
@takes_context
def approve_change(context: CommandContext, change_id: str, login: str, reason: str) -> None:
    """Approve as the second person. Nobody approves their own."""
    _decide(context, change_id, "approved", reason, login)


@change.command("reject")
@click.argument("change_id")
@_REASON
@takes_context
def reject_change(context: CommandContext, change_id: str, reason: str) -> None:
    """Say no; the request is over."""
    _decide(context, change_id, "rejected", reason)


@change.command("withdraw")
@click.argument("change_id")
@_PERSON
@_REASON
@takes_context
def withdraw_change(context: CommandContext, change_id: str, login: str, reason: str) -> None:
    """Take one's own request back."""
    _decide(context, change_id, "withdrawn", reason, login)


@change.command("revoke")
@click.argument("change_id")
@_REASON
@takes_context
def revoke_change(context: CommandContext, change_id: str, reason: str) -> None:
    """End an approved exception now, with the sessions that rest on it."""
    _decide(context, change_id, "revoked", reason)


@click.group()
def exception() -> None:
    """Exceptions to the baseline (例外); see also: sekisho change."""


@exception.command("list")
@takes_context
def list_exceptions(context: CommandContext) -> None:
    """Every exception of the console with its state and its people."""
    context.show(context.ask("GET", "/admin/changes", query={"kind": "exception"})["changes"], _COLUMNS)


@exception.command("request")
@click.option("--until", "ends_on", type=DAY, required=True, help="Last day, for instance 2027-03-31.")
@click.option("--from", "starts_on", default=None, help="First day; from the approval on without it.")
@click.option("--pool", "pools", multiple=True, help="Pool id; all of them without it.")
@click.option("--zone", "zones", multiple=True)
@click.option("--group", "groups", multiple=True, help="Group; everybody without it.")
@click.option("--origin", "origins", multiple=True, type=one_of(Origin), help="Origin that it adds.")
@click.option("--segment", "segments", multiple=True, type=one_of(Segment))
@click.option("--device", "devices", multiple=True, type=one_of(DeviceKind))
@click.option("--grant", "grants", multiple=True, type=one_of(GrantName))
@click.option("--without-approval-from", multiple=True, type=one_of(Origin))
@click.option("--without-certificate-from", multiple=True, type=one_of(Origin))
@click.option("--outside-hours", is_flag=True, help="Only with --for-bcp.")
@click.option("--for-bcp", is_flag=True, help="Counts in mode bcp alone.")
@_PERSON
@_REASON
@takes_context
def request_exception(context: CommandContext, /, login: str, for_bcp: bool, **order: Any) -> None:
    """Ask for an exception. It holds when somebody else has approved it."""
    body: dict[str, object] = {name: value for name, value in order.items() if value}
    body["for_mode"] = Mode.BCP.value if for_bcp else Mode.NORMAL.value
    body["sign_in"] = ask_sign_in(login)
    context.show([context.ask("POST", "/admin/exceptions", body=body)], _COLUMNS)
