"""Telework approvals on the command line."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from broker.errors import ConfigurationError
from sekisho.commands.context import CommandContext, takes_context
from sekisho.commands.moments import DAY, is_day

_COLUMNS: Final = ("login", "ends_on", "reason")
_ENCODINGS: Final = ("utf-8-sig", "cp932")


@click.group()
def approval() -> None:
    """Telework approvals (テレワークの承認)."""


@approval.command("list")
@takes_context
def list_approvals(context: CommandContext) -> None:
    """Everybody's approval and its last day."""
    answer = context.ask("GET", "/admin/approvals")
    context.show(answer["approvals"], ["login", "ends_on", "is_in_force", "reason", "set_by", "set_at"])


@approval.command("set")
@click.argument("login")
@click.option("--until", type=DAY, required=True, help="Last day, for instance 2027-03-31.")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def set_approval(context: CommandContext, login: str, until: str, reason: str) -> None:
    """Approve telework of LOGIN up to and including a day."""
    order = {"login": login, "ends_on": until, "reason": reason}
    context.ask("POST", "/admin/approvals", body={"approvals": [order]})
    click.echo(f"{login}: approved until {until}")


@approval.command("withdraw")
@click.argument("login")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def withdraw_approval(context: CommandContext, login: str, reason: str) -> None:
    """Withdraw an approval; sessions that need it end."""
    context.ask("POST", "/admin/approvals/withdraw", body={"login": login, "reason": reason})
    click.echo(f"{login}: withdrawn")


@approval.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@takes_context
def import_approvals(context: CommandContext, file: Path) -> None:
    """Approvals from a CSV file (UTF-8 or CP932) with the columns login, ends_on, reason. All of them, or none."""
    orders = read_approvals(file)
    answer = context.ask("POST", "/admin/approvals", body={"approvals": orders})
    click.echo(f"{answer['count']} approvals kept")


def read_approvals(file: Path) -> list[Mapping[str, str]]:
    """Rows of an office's CSV file. Raises :class:`ConfigurationError` with the line."""
    rows = list(csv.DictReader(_read_text(file).splitlines()))
    orders: list[Mapping[str, str]] = []
    for line, row in enumerate(rows, 2):
        missing = [name for name in _COLUMNS if not (row.get(name) or "").strip()]
        if missing:
            raise ConfigurationError(f"{file}: line {line}: {', '.join(missing)} is missing")
        if not is_day(ends_on := row["ends_on"].strip()):
            raise ConfigurationError(f"{file}: line {line}: ends_on: {ends_on!r} is no day such as 2027-03-31")
        orders.append({name: row[name].strip() for name in _COLUMNS})
    return orders


def _read_text(file: Path) -> str:
    raw = file.read_bytes()
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ConfigurationError(f"{file}: neither UTF-8 nor CP932")
