"""Operations of the console on the rules: why, what if, the mode."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from broker.errors import ConfigurationError
from broker.model.ids import PoolId
from broker.model.kinds import CertificateState, DeviceKind, Mode, Origin, Segment
from broker.model.place import Place
from broker.model.policy_records import ModeOrder
from broker.model.reasons import DenyReason
from broker.people.records import NoSuchPerson
from broker.policy.administration import NotAllowed
from broker.policy.decision import Deny, TraceStep
from broker.policy.rehearsal import Change
from broker.pool.records import NoSuchPool
from broker.session.desk_records import Explained, ExplainQuestion, ModeAwaits, ModeState, Refusal, Rehearsed
from broker.settings import SiteSettings, msgspec_convert
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import ReasonText
from web.api.operation import Audience, Failure, Operation, Parameter
from web.api.proxy_signin import SignInProof, acting_person
from web.forms import read_query
from web.problems import Problem
from web.visitor import actor_of, services_of

_WordT = TypeVar("_WordT", bound=Origin | Segment | DeviceKind | CertificateState | Mode)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The decision with every rule that was asked, and the facts that each looked at."""

    login: str
    pool: str
    at: datetime
    is_allowed: bool
    reason: DenyReason | None
    ends_at: datetime | None
    rules: list[TraceStep]


class RehearsalOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``settings`` is the text of a whole settings file (TOML)."""

    settings: str
    mode: Mode | None = None


class RehearsedChange(msgspec.Struct, frozen=True, kw_only=True):
    login: str
    pool: str
    reason: DenyReason
    count: int
    last_at: datetime


class RehearsalReport(msgspec.Struct, frozen=True, kw_only=True):
    """Who would lose and who would gain; ``unreadable`` decisions were kept by another version."""

    since: datetime
    decisions: int
    unreadable: int
    is_complete: bool
    losing: list[RehearsedChange]
    gaining: list[RehearsedChange]


class ModeChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``sign_in``: over the admin socket, for a mode that the baseline wants two people for."""

    mode: Mode
    reason: ReasonText
    until: datetime | None = None
    is_drill: bool = False
    sign_in: SignInProof | None = None


def refused(code: str, why: str) -> Failure:
    return Failure(problem=Problem.BAD_REQUEST, code=code, detail=why)


def read_question(request: web.Request) -> ExplainQuestion | Failure:
    """The question in the query: ``user``, ``pool``, ``origin``, ``segment``, ``device``, ``certificate``, ``at``."""
    try:
        at = read_query(request, "at")
        mode = read_query(request, "mode")
        moment = datetime.fromisoformat(at) if at else None
        if moment is not None and moment.utcoffset() is None:
            return refused("bad_time", f"at: {at} needs a zone, for instance +09:00")
        return ExplainQuestion(
            login=read_query(request, "user"),
            pool_id=PoolId(read_query(request, "pool")),
            place=Place(
                origin=_word(request, "origin", Origin.OFFICE),
                segment=_word(request, "segment", Segment.UNKNOWN),
                device=_word(request, "device", DeviceKind.NONE),
                certificate=_word(request, "certificate", CertificateState.ABSENT),
            ),
            at=moment,
            mode=Mode(mode) if mode else None,
        )
    except ValueError as error:
        return refused("bad_question", str(error))


def _word(request: web.Request, name: str, default: _WordT) -> _WordT:
    text = read_query(request, name)
    return type(default)(text) if text else default


async def explain_policy(request: web.Request, _body: None) -> Explanation | Failure:
    question = read_question(request)
    if isinstance(question, Failure):
        return question
    match await services_of(request).policy.explain(actor_of(request), question):
        case Explained() as told:
            denied = told.decision if isinstance(told.decision, Deny) else None
            return Explanation(
                login=told.user.login,
                pool=told.pool.id,
                at=told.at,
                is_allowed=denied is None,
                reason=None if denied is None else denied.reason,
                ends_at=None if isinstance(told.decision, Deny) else told.decision.grants.ends_at,
                rules=list(told.decision.trace),
            )
        case NoSuchPool():
            return Failure(problem=Problem.NO_SUCH_POOL)
        case NoSuchPerson():
            return Failure(problem=Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return NOT_ALLOWED


def _read_settings(text: str) -> SiteSettings | Failure:
    try:
        return msgspec_convert(tomllib.loads(text), Path("settings"))
    except (tomllib.TOMLDecodeError, ConfigurationError) as error:
        return refused("rules_refused", str(error))


async def rehearse_policy(request: web.Request, body: RehearsalOrder) -> RehearsalReport | Failure:
    settings = _read_settings(body.settings)
    if isinstance(settings, Failure):
        return settings
    match await services_of(request).policy.rehearse(actor_of(request), settings, body.mode):
        case Rehearsed() as done:
            return describe_rehearsal(done)
        case Refusal(why):
            return refused("rules_refused", why)
        case NotAllowed():
            return NOT_ALLOWED


def describe_rehearsal(done: Rehearsed) -> RehearsalReport:
    rehearsal = done.rehearsal
    return RehearsalReport(
        since=done.since,
        decisions=rehearsal.decisions,
        unreadable=rehearsal.unreadable,
        is_complete=done.is_complete,
        losing=[_describe_change(done, change) for change in rehearsal.losing],
        gaining=[_describe_change(done, change) for change in rehearsal.gaining],
    )


def _describe_change(done: Rehearsed, change: Change) -> RehearsedChange:
    return RehearsedChange(
        login=done.logins.get(change.user_id, change.user_id),
        pool=change.pool_id,
        reason=change.reason,
        count=change.count,
        last_at=change.last_at,
    )


async def get_mode(request: web.Request, _body: None) -> ModeState | Failure:
    state = await services_of(request).policy.mode(actor_of(request))
    return NOT_ALLOWED if isinstance(state, NotAllowed) else state


async def set_mode(request: web.Request, body: ModeChange) -> ModeState | Failure:
    if body.until is not None and body.until.utcoffset() is None:
        return refused("bad_time", "until: needs a zone, for instance +09:00")
    order = ModeOrder(mode=body.mode, until=body.until, is_drill=body.is_drill)
    async with acting_person(request, body.sign_in) as actor:
        if isinstance(actor, Failure):
            return actor
        outcome = await services_of(request).policy.set_mode(actor, order, body.reason)
    match outcome:
        case ModeState() as state:
            return state
        case ModeAwaits(change_id):
            now = await services_of(request).policy.mode(actor_of(request))
            return NOT_ALLOWED if isinstance(now, NotAllowed) else msgspec.structs.replace(now, awaits=change_id)
        case Refusal(why):
            return refused("mode_refused", why)
        case NotAllowed():
            return NOT_ALLOWED


_CONSOLE: Final = Audience.CONSOLE
POLICY_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/policy/explain",
        summary="Whether somebody could open a pool from some place at some time, with every rule",
        audience=_CONSOLE,
        handler=explain_policy,
        response=Explanation,
        query=(
            Parameter("user", "Login"),
            Parameter("pool", "Pool id"),
            Parameter("origin", "office, closed_sim, satellite or internet"),
            Parameter("segment", "wired, wireless or unknown"),
            Parameter("device", "managed, byod or none"),
            Parameter("certificate", "valid, expired, revoked or absent"),
            Parameter("at", "Time with its zone; now without it"),
            Parameter("mode", "As if in this mode"),
        ),
        problems=(Problem.NO_SUCH_POOL, Problem.NO_SUCH_PERSON, Problem.BAD_REQUEST),
    ),
    Operation(
        method="POST",
        path="/admin/policy/rehearse",
        summary="The last 30 days' decisions under other settings: who would lose, who would gain",
        audience=_CONSOLE,
        handler=rehearse_policy,
        request=RehearsalOrder,
        response=RehearsalReport,
    ),
    Operation(
        method="GET",
        path="/admin/mode",
        summary="The mode of the tenant",
        audience=_CONSOLE,
        handler=get_mode,
        response=ModeState,
    ),
    Operation(
        method="POST",
        path="/admin/mode",
        summary="Set the mode of the tenant, or begin a drill of one",
        audience=_CONSOLE,
        handler=set_mode,
        request=ModeChange,
        response=ModeState,
    ),
)
