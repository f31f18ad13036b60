"""Operations of the console on the rules that make roles and departments of what directories say."""

from typing import Final

import msgspec
from aiohttp import web

from broker.directory.mapping import MatchView, RuleNotUsable
from broker.model.mapping import MappingRule, MatchedPerson
from broker.policy.administration import NotAllowed
from broker.ports import DirectoryUnavailable
from web.api.admin_pools import NOT_ALLOWED
from web.api.operation import Audience, Failure, Operation
from web.problems import Problem
from web.visitor import actor_of, services_of


class DirectoryRule(msgspec.Struct, frozen=True, kw_only=True):
    directory: str
    rule: MappingRule


class DirectoryRules(msgspec.Struct, frozen=True):
    rules: list[DirectoryRule]


class DirectoryMatch(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` people meet the rule, of whom at most 200 are told. ``looked_at``: so many were looked at; all of them
    where ``is_complete``. ``is_everybody``: of several people, all meet it."""

    count: int
    looked_at: int
    is_complete: bool
    is_from_list: bool
    is_everybody: bool
    people: list[MatchedPerson]


async def list_directory_rules(request: web.Request, _body: None) -> DirectoryRules | Failure:
    rows = await services_of(request).mapping.list_rules(actor_of(request))
    if isinstance(rows, NotAllowed):
        return NOT_ALLOWED
    return DirectoryRules([DirectoryRule(directory=row.directory, rule=row.rule) for row in rows])


async def match_directory_rule(request: web.Request, body: DirectoryRule) -> DirectoryMatch | Failure:
    found = await services_of(request).mapping.match(actor_of(request), body.directory, body.rule)
    match found:
        case NotAllowed():
            return NOT_ALLOWED
        case RuleNotUsable(refusals=refusals):
            detail = "; ".join(f"{refusal.path}: {refusal.why}" for refusal in refusals)
            return Failure(problem=Problem.BAD_REQUEST, code="rule_not_usable", detail=detail)
        case DirectoryUnavailable(detail=detail):
            return Failure(problem=Problem.DIRECTORY_SILENT, detail=detail)
        case MatchView():
            return DirectoryMatch(
                count=found.count,
                looked_at=found.looked_at,
                is_complete=found.is_complete,
                is_from_list=found.is_from_list,
                is_everybody=found.is_everybody,
                people=list(found.people),
            )


MAPPING_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/directory/rules",
        summary="Rules from groups and attributes to roles, entitlements, department and head of section",
        audience=Audience.CONSOLE,
        handler=list_directory_rules,
        response=DirectoryRules,
    ),
    Operation(
        method="POST",
        path="/admin/directory/match",
        summary="Who would meet a rule, which need not be in force",
        audience=Audience.CONSOLE,
        handler=match_directory_rule,
        request=DirectoryRule,
        response=DirectoryMatch,
        problems=(Problem.BAD_REQUEST, Problem.DIRECTORY_SILENT),
    ),
)
