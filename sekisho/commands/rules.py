"""Versions of the rules of a pool or the tenant on the command line."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from broker.errors import ConfigurationError
from broker.model.kinds import Mode
from sekisho.commands.change import ask_sign_in
from sekisho.commands.context import CommandContext, escape_unseen, one_of, takes_context
from sekisho.commands.policy import show_rehearsal

_VERSIONS: Final = ("number", "id", "state", "source", "reason", "requested_by", "requested_at", "decided_by")
_POOL: Final = click.option("--pool", default="", help="Pool id; the tenant's own rules without it.")
_FILE: Final = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
_PERSON: Final = click.option("--as", "login", default="", help="Login of the person who acts; needed to loosen.")


@click.group()
def rules() -> None:
    """Rules of a pool or the tenant, by version (規則の版)."""


@rules.command("show")
@_POOL
@takes_context
def show_rules(context: CommandContext, pool: str) -> None:
    """The rules that hold, as a FILE of ``rehearse`` and ``save`` would have them, and every version."""
    answer = context.ask("GET", "/admin/rules", query={"pool": pool})
    if context.as_json:
        context.show(answer, ())
        return
    click.echo(f"# version {answer['number']} holds")
    click.echo(escape_unseen(write_rules(answer["rules"])))
    context.show(answer["versions"], _VERSIONS)


def write_rules(asked: Mapping[str, Any]) -> str:
    """Rules as TOML, without what they leave open."""
    restrictions = {name: value for name, value in asked.get("restrictions", {}).items() if value not in (None, [])}
    told = {name: sorted(asked[name]) for name in ("groups", "origins") if asked.get(name) is not None}
    return msgspec.toml.encode(told | ({"restrictions": restrictions} if restrictions else {})).decode()


@rules.command("rehearse")
@_POOL
@click.option("--mode", type=one_of(Mode), help="As if in this mode.")
@_FILE
@takes_context
def rehearse_rules(context: CommandContext, pool: str, mode: str | None, file: Path) -> None:
    """The last 30 days' decisions under the rules of FILE (TOML: groups, origins, [restrictions])."""
    body: dict[str, object] = {"pool": pool, "rules": read_rules(file)}
    if mode:
        body["mode"] = mode
    show_rehearsal(context, context.ask("POST", "/admin/rules/rehearse", body=body))


@rules.command("save")
@_POOL
@click.option("--based-on", type=int, required=True, help="Number of the version that they were made from.")
@click.option("--reason", required=True, help="Goes into the audit.")
@_PERSON
@_FILE
@takes_context
def save_rules(context: CommandContext, /, file: Path, login: str, **order: Any) -> None:
    """Save the rules of FILE. Looser ones wait for a second person: sekisho change approve."""
    body: dict[str, object] = {**order, "rules": read_rules(file)}
    if login:
        body["sign_in"] = ask_sign_in(login)
    context.show([context.ask("POST", "/admin/rules", body=body)], _VERSIONS)


@rules.command("restore")
@click.argument("version_id")
@click.option("--based-on", type=int, required=True, help="Number of the version that holds now.")
@click.option("--reason", required=True, help="Goes into the audit.")
@_PERSON
@takes_context
def restore_rules(context: CommandContext, version_id: str, based_on: int, reason: str, login: str) -> None:
    """Save a former version anew."""
    body: dict[str, object] = {"id": version_id, "based_on": based_on, "reason": reason}
    if login:
        body["sign_in"] = ask_sign_in(login)
    context.show([context.ask("POST", "/admin/rules/restore", body=body)], _VERSIONS)


def read_rules(file: Path) -> dict[str, Any]:
    """Raises :class:`ConfigurationError` for a file that is not TOML; what it says, the broker checks."""
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: {error}") from error
    plain: dict[str, Any] = msgspec.to_builtins(found)
    return plain
