"""Operations of the console on exceptions, versions of rules, and everything that wants a second person."""

from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from broker.change.records import ChangeRow, ExceptionOrder, NoSuchChange, RulesInForce, RulesOrder
from broker.lifecycle.policy_change import ChangeEvent, ChangeState
from broker.model.kinds import Mode
from broker.model.policy_records import ChangeKind, ChangeSource, ModeOrder, PolicyChange
from broker.model.rules import RuleSet, Waiver
from broker.policy.administration import NotAllowed
from broker.policy.second_person import ChangeRefused
from broker.session.desk_records import Refusal, Rehearsed
from web.api.admin_policy import RehearsalReport, describe_rehearsal, refused
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import ReasonText
from web.api.operation import Audience, Failure, Operation, Parameter
from web.api.proxy_signin import SignInProof, acting_person
from web.context import RuleChangeOutcome
from web.forms import read_query
from web.problems import Problem
from web.visitor import actor_of, services_of

NO_SUCH_CHANGE: Final = Failure(problem=Problem.NOT_FOUND, code="no_such_change")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change with its people. ``content`` is the exception, the rules or the mode as they were asked for."""

    id: str
    kind: ChangeKind
    pool: str
    number: int
    state: ChangeState
    holds_now: bool
    source: ChangeSource
    reason: str
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    ended_by: str | None
    ended_at: datetime | None
    end_note: str
    until: datetime | None
    content: msgspec.Raw


class Changes(msgspec.Struct, frozen=True):
    changes: list[Change]


class ExceptionRequest(ExceptionOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``sign_in``: only over the admin socket, where nobody is signed in."""

    reason: ReasonText
    sign_in: SignInProof | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``decision``: approved, rejected, withdrawn or revoked. ``sign_in`` as in a request."""

    decision: ChangeEvent
    reason: ReasonText
    sign_in: SignInProof | None = None


class RulesView(msgspec.Struct, frozen=True, kw_only=True):
    """An empty ``pool`` is the whole tenant. ``number`` is the version that holds."""

    pool: str
    number: int
    rules: RuleSet
    versions: list[Change]


class RulesWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules to be rehearsed: of a pool, or with an empty ``pool`` of the tenant; without ``rules`` as they are."""

    pool: str = ""
    rules: RuleSet | None = None
    mode: Mode | None = None


class RulesToSave(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``based_on``: the number of the version that these rules were made from."""

    pool: str = ""
    rules: RuleSet
    based_on: int
    reason: ReasonText
    sign_in: SignInProof | None = None


class VersionToRestore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    based_on: int
    reason: ReasonText
    sign_in: SignInProof | None = None


def describe_change(row: ChangeRow) -> Change:
    fields = {
        field.name: getattr(row.change, field.name)
        for field in msgspec.structs.fields(Change)
        if hasattr(row.change, field.name) and field.name != "content"
    }
    content: Waiver | RuleSet | ModeOrder = row.content
    return Change(
        **fields, pool=row.change.subject, holds_now=row.holds_now, content=msgspec.Raw(msgspec.json.encode(content))
    )


async def list_changes(request: web.Request, _body: None) -> Changes | Failure:
    try:
        kind = ChangeKind(read_query(request, "kind") or ChangeKind.EXCEPTION)
    except ValueError as error:
        return refused("bad_question", str(error))
    rows = await services_of(request).changes.list_all(actor_of(request), kind)
    return NOT_ALLOWED if isinstance(rows, NotAllowed) else Changes([describe_change(row) for row in rows])


async def request_exception(request: web.Request, body: ExceptionRequest) -> Change | Failure:
    order = ExceptionOrder(
        **{field.name: getattr(body, field.name) for field in msgspec.structs.fields(ExceptionOrder)}
    )
    async with acting_person(request, body.sign_in) as actor:
        if isinstance(actor, Failure):
            return actor
        outcome = await services_of(request).changes.request_exception(actor, order, body.reason)
    return await _answer(request, outcome)


async def decide_change(request: web.Request, body: Decision) -> Change | Failure:
    change_id = request.match_info["change_id"]
    async with acting_person(request, body.sign_in) as actor:
        if isinstance(actor, Failure):
            return actor
        outcome = await services_of(request).changes.decide(actor, change_id, body.decision, body.reason)
    return await _answer(request, outcome)


async def get_rules(request: web.Request, _body: None) -> RulesView | Failure:
    match await services_of(request).changes.rules(actor_of(request), read_query(request, "pool")):
        case RulesInForce() as held:
            return RulesView(
                pool=held.subject,
                number=held.number,
                rules=held.rules,
                versions=[describe_change(row) for row in held.versions],
            )
        case NoSuchChange():
            return Failure(problem=Problem.NO_SUCH_POOL)
        case NotAllowed():
            return NOT_ALLOWED


async def rehearse_rules(request: web.Request, body: RulesWish) -> RehearsalReport | Failure:
    policy = services_of(request).policy
    match await policy.rehearse_rules(actor_of(request), body.pool, body.rules, body.mode):
        case Rehearsed() as done:
            return describe_rehearsal(done)
        case Refusal(why):
            return refused("rules_refused", why)
        case NotAllowed():
            return NOT_ALLOWED


async def save_rules(request: web.Request, body: RulesToSave) -> Change | Failure:
    order = RulesOrder(subject=body.pool, rules=body.rules, based_on=body.based_on)
    async with acting_person(request, body.sign_in) as actor:
        if isinstance(actor, Failure):
            return actor
        outcome = await services_of(request).changes.save_rules(actor, order, body.reason)
    return await _answer(request, outcome)


async def restore_rules(request: web.Request, body: VersionToRestore) -> Change | Failure:
    async with acting_person(request, body.sign_in) as actor:
        if isinstance(actor, Failure):
            return actor
        outcome = await services_of(request).changes.go_back(actor, body.id, body.based_on, body.reason)
    return await _answer(request, outcome)


async def _answer(request: web.Request, outcome: RuleChangeOutcome) -> Change | Failure:
    match outcome:
        case PolicyChange():
            row = await services_of(request).changes.find(actor_of(request), outcome.id)
            return describe_change(row) if isinstance(row, ChangeRow) else NO_SUCH_CHANGE
        case ChangeRefused(code, why):
            return refused(code.value, why)
        case NoSuchChange():
            return NO_SUCH_CHANGE
        case NotAllowed():
            return NOT_ALLOWED


_CONSOLE: Final = Audience.CONSOLE
CHANGE_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/changes",
        summary="Exceptions, versions of rules, or modes that want a second person, with their state and people",
        audience=_CONSOLE,
        handler=list_changes,
        response=Changes,
        query=(Parameter("kind", "exception, rules or mode"),),
        problems=(Problem.BAD_REQUEST,),
    ),
    Operation(
        method="POST",
        path="/admin/changes/{change_id}/decide",
        summary="Approve or reject as the second person, withdraw one's own request, or revoke an exception",
        audience=_CONSOLE,
        handler=decide_change,
        request=Decision,
        response=Change,
        problems=(Problem.NOT_FOUND,),
    ),
    Operation(
        method="POST",
        path="/admin/exceptions",
        summary="Ask for an exception to the baseline; it holds when a second person has approved it",
        audience=_CONSOLE,
        handler=request_exception,
        request=ExceptionRequest,
        response=Change,
    ),
    Operation(
        method="GET",
        path="/admin/rules",
        summary="The rules of a pool or the tenant, with all their versions",
        audience=_CONSOLE,
        handler=get_rules,
        response=RulesView,
        query=(Parameter("pool", "Pool id; empty for the tenant"),),
        problems=(Problem.NO_SUCH_POOL,),
    ),
    Operation(
        method="POST",
        path="/admin/rules/rehearse",
        summary="The last 30 days' decisions under other rules of a pool or the tenant, or in another mode",
        audience=_CONSOLE,
        handler=rehearse_rules,
        request=RulesWish,
        response=RehearsalReport,
    ),
    Operation(
        method="POST",
        path="/admin/rules",
        summary="Save rules: stricter ones hold at once, looser ones when a second person has approved them",
        audience=_CONSOLE,
        handler=save_rules,
        request=RulesToSave,
        response=Change,
        problems=(Problem.NOT_FOUND,),
    ),
    Operation(
        method="POST",
        path="/admin/rules/restore",
        summary="Save a former version of rules anew",
        audience=_CONSOLE,
        handler=restore_rules,
        request=VersionToRestore,
        response=Change,
        problems=(Problem.NOT_FOUND,),
    ),
)
