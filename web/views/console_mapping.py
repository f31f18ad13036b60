"""The console: who meets a rule that makes roles and departments of what the directory says."""

from aiohttp import web

from broker.directory.mapping import MappingRow, MatchView, RuleNotUsable
from broker.model.mapping import MappingRule
from broker.policy.administration import NotAllowed
from broker.ports import DirectoryUnavailable
from web.errors import show_problem
from web.forms import read_query
from web.problems import Problem
from web.views.console import console_page
from web.visitor import actor_of, services_of
from web.words import ROLES

_FIELDS = ("group", "department", "attribute", "value")
_TRIED = "preview"
"""The id of a rule that nobody has written yet."""


async def show_match(request: web.Request) -> web.Response:
    """A rule of the settings by its id, or one that is tried out from the fields of the form."""
    mapping, actor = services_of(request).mapping, actor_of(request)
    rows = await mapping.list_rules(actor)
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    directory, rule_id = read_query(request, "directory"), read_query(request, "rule")
    rule = _find(rows, directory, rule_id) if rule_id else _read_rule(request)
    if rule is None:
        return show_problem(request, Problem.NOT_FOUND)
    found = await mapping.match(actor, directory, rule)
    match found:
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
        case DirectoryUnavailable(detail=detail):
            return show_problem(request, Problem.DIRECTORY_SILENT, detail=detail)
        case RuleNotUsable():
            return show_problem(request, Problem.BAD_REQUEST)
        case MatchView():
            return console_page(
                request,
                "console/directory_match.html",
                "directory",
                found=found,
                rule=rule,
                is_tried=not rule_id,
                role_names=ROLES,
            )


def _find(rows: list[MappingRow], directory: str, rule_id: str) -> MappingRule | None:
    return next((row.rule for row in rows if (row.directory, row.rule.id) == (directory, rule_id)), None)


def _read_rule(request: web.Request) -> MappingRule:
    """What the form says; what it would give does not matter to who meets it."""
    group, department, attribute, value = (read_query(request, name).strip() for name in _FIELDS)
    return MappingRule(
        id=_TRIED,
        groups=[group] if group else [],
        departments=[department] if department else [],
        attributes={attribute: [value]} if attribute or value else {},
        entitlements=[_TRIED],
    )
