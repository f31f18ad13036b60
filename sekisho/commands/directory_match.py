"""Who would meet a rule of the settings, before it is in force."""

from collections.abc import Iterator
from typing import Any, Final

import click
import msgspec

from broker.errors import ConfigurationError
from broker.model.kinds import Role
from broker.model.mapping import MappingRule
from broker.policy.mapping import rules_of
from broker.settings import SiteSettings
from sekisho.commands.context import CommandContext, one_of, takes_context

_COLUMNS: Final = ("login", "display_name", "department")


@click.command("match")
@click.option("--rule", "rule_id", default="", help="Id of a rule in the settings file, drafts among them.")
@click.option("--role", type=one_of(Role), help="Every rule that gives this role.")
@click.option("--directory", default="", help="Only rules of this directory.")
@click.option("--tenant", help="Only rules of this municipality.")
@takes_context
def match(context: CommandContext, rule_id: str, role: str | None, directory: str, tenant: str | None) -> None:
    """Who would meet rules as the settings file has them now: the broker need not have read it yet.

    Exit status: 0, or 1 when everybody would get a role.
    """
    if bool(rule_id) == (role is not None):
        raise click.UsageError("name either --rule or --role")
    wanted = [
        each
        for each in _rules(context.settings())
        if directory in {"", each.directory} and tenant in {None, each.tenant}
        if (each.rule.id == rule_id if rule_id else role in each.rule.roles)
    ]
    if not wanted:
        raise ConfigurationError(f"no rule {rule_id!r} in the settings" if rule_id else f"no rule gives {role}")
    answers = [(each.directory, each.rule, _ask(context, each)) for each in wanted]
    if context.as_json:
        told = [{"directory": name, "rule": rule.id, **answer} for name, rule, answer in answers]
        context.show(told, ())
    else:
        for name, rule, answer in answers:
            click.echo(_head(name, rule, answer))
            context.show(answer["people"], _COLUMNS)
    if any(rule.roles and answer["is_from_list"] and answer["is_everybody"] for _, rule, answer in answers):
        raise ConfigurationError("everybody would get a role in the console: narrow the rule")


class _Placed(msgspec.Struct, frozen=True):
    tenant: str
    directory: str
    rule: MappingRule


def _rules(settings: SiteSettings) -> Iterator[_Placed]:
    for tenant in settings.tenants:
        for each in tenant.every_directory:
            for rule in rules_of(each.roles, each.rules):
                yield _Placed(tenant.id, each.id, rule)


def _ask(context: CommandContext, placed: _Placed) -> Any:
    body = {"directory": placed.directory, "rule": msgspec.to_builtins(placed.rule)}
    return context.ask("POST", "/admin/directory/match", body=body, tenant=placed.tenant)


def _head(directory: str, rule: MappingRule, answer: dict[str, Any]) -> str:
    source = "the synced list" if answer["is_from_list"] else "a search"
    extent = "" if answer["is_complete"] else "; there may be more"
    draft = " (draft)" if rule.is_draft else ""
    return (
        f"{directory}: rule {rule.id}{draft}: {answer['count']} people meet it, by {source} of "
        f"{answer['looked_at']}{extent}"
    )
