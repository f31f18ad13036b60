"""The rules on the command line: why, and what if."""

from pathlib import Path
from typing import Any, Final

import click

from broker.model.kinds import CertificateState, DeviceKind, Mode, Origin, Segment
from sekisho.commands.context import CommandContext, one_of, takes_context
from sekisho.commands.moments import MOMENT

_CHANGE_COLUMNS: Final = ("login", "pool", "reason", "count", "last_at")


@click.group()
def policy() -> None:
    """Rules of opening (利用の規則)."""


@policy.command("explain")
@click.option("--user", required=True, help="Login of the person.")
@click.option("--pool", required=True, help="Id of the pool.")
@click.option("--origin", type=one_of(Origin), default=Origin.OFFICE.value, show_default=True)
@click.option("--segment", type=one_of(Segment), default=Segment.WIRED.value, show_default=True)
@click.option("--device", type=one_of(DeviceKind), default=DeviceKind.MANAGED.value, show_default=True)
@click.option("--certificate", type=one_of(CertificateState), default=CertificateState.ABSENT.value)
@click.option("--mode", type=one_of(Mode), help="As if in this mode; the present one without it.")
@click.option("--at", type=MOMENT, default="", help="For instance 2026-04-01T09:00+09:00; now without it.")
@takes_context
def explain(context: CommandContext, /, **question: str | None) -> None:
    """May this person open this pool, from there, then? Every rule with what it looked at."""
    query = {name: str(value) for name, value in question.items() if value}
    answer = context.ask("GET", "/admin/policy/explain", query=query)
    if context.as_json:
        context.show(answer, ())
        return
    context.show(answer["rules"], ["rule", "passed", "looked_at"])
    ends = f", until {answer['ends_at']}" if answer["ends_at"] else ""
    click.echo(f"allowed{ends}" if answer["is_allowed"] else f"refused: {answer['reason']}")


@policy.command("rehearse")
@click.option("--settings", "settings_file", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--mode", type=one_of(Mode), help="As if in this mode: a drill of it.")
@takes_context
def rehearse(context: CommandContext, settings_file: Path, mode: str | None) -> None:
    """The last 30 days' decisions under other settings: who would lose, who would gain. Nothing is changed."""
    body: dict[str, object] = {"settings": settings_file.read_text("utf-8")}
    if mode:
        body["mode"] = mode
    show_rehearsal(context, context.ask("POST", "/admin/policy/rehearse", body=body))


def show_rehearsal(context: CommandContext, answer: Any) -> None:
    """Who would lose, who would gain."""
    if context.as_json:
        context.show(answer, ())
        return
    click.echo(f"{answer['decisions']} decisions since {answer['since']}, {answer['unreadable']} of another version")
    if not answer["is_complete"]:
        click.echo("only the newest ones: there are more than can be rehearsed at once")
    for title in ("losing", "gaining"):
        click.echo(f"\n{title}:")
        context.show(answer[title], _CHANGE_COLUMNS)
