"""Operations for staff members, about their own pools and sessions."""

from typing import Final

from aiohttp import web

from broker.model.ids import PoolId, SessionId
from broker.model.records import Session
from broker.policy.decision import Allow, Deny, TraceStep
from broker.session.records import (
    Disconnected,
    Ended,
    NoSuchPool,
    NoSuchSession,
    OpenDenied,
    Opened,
    PoolView,
    Preparing,
    SessionOver,
    TicketIssued,
)
from web.api.operation import Audience, Failure, Operation
from web.api.staff_records import (
    Hung,
    LoggedOff,
    Me,
    PoolInfo,
    Pools,
    Rule,
    SessionInfo,
    Sessions,
    TicketAnswer,
    TicketOver,
    TicketPreparing,
    TicketReady,
    Why,
)
from web.arrival import front_of
from web.language import language_of, translate
from web.problems import Problem
from web.reasons import DENIALS, RULE_REASONS, RULES
from web.visitor import TENANT, services_of, signed_in

_NO_POOL: Final = Failure(problem=Problem.NO_SUCH_POOL)
_NO_SESSION: Final = Failure(problem=Problem.NO_SUCH_SESSION)


async def get_me(request: web.Request, _body: None) -> Me:
    auth, tenant = signed_in(request), request[TENANT]
    return Me(
        user_id=auth.user.id,
        login=auth.user.login,
        display_name=auth.user.display_name,
        department=auth.user.department,
        roles=sorted(auth.user.roles),
        tenant_id=tenant.id,
        tenant_name_ja=tenant.name_ja,
        tenant_name_en=tenant.name_en,
        origin=auth.session.origin,
        signed_in_at=auth.session.created_at,
    )


def describe_session(session: Session) -> SessionInfo:
    return SessionInfo(
        id=session.id,
        pool_id=session.pool_id,
        state=session.state,
        created_at=session.created_at,
        started_at=session.started_at,
    )


def _describe_pool(view: PoolView) -> PoolInfo:
    return PoolInfo(
        id=view.pool.id,
        name_ja=view.pool.name_ja,
        name_en=view.pool.name_en,
        zone_id=view.zone.id,
        zone_name_ja=view.zone.name_ja,
        zone_name_en=view.zone.name_en,
        kind=view.pool.kind,
        refusal=view.decision.reason if isinstance(view.decision, Deny) else None,
        session=None if view.session is None else describe_session(view.session),
        may_log_off=view.may_log_off,
    )


async def list_pools(request: web.Request, _body: None) -> Pools:
    return Pools([_describe_pool(view) for view in await services_of(request).sessions.portal(signed_in(request))])


async def list_sessions(request: web.Request, _body: None) -> Sessions:
    views = await services_of(request).sessions.portal(signed_in(request))
    return Sessions([describe_session(view.session) for view in views if view.session is not None])


def _denied(denied: OpenDenied) -> Failure:
    told = DENIALS[denied.reason]
    return Failure(problem=Problem.OPEN_DENIED, code=denied.reason, detail=told.what, remedy=told.remedy)


async def open_pool(request: web.Request, _body: None) -> SessionInfo | Failure:
    pool_id = PoolId(request.match_info["pool_id"])
    match await services_of(request).sessions.open(signed_in(request), pool_id):
        case Opened(session):
            return describe_session(session)
        case OpenDenied() as denied:
            return _denied(denied)
        case NoSuchPool():
            return _NO_POOL


def _describe_rule(request: web.Request, step: TraceStep) -> Rule:
    language = language_of(request)
    reason = RULE_REASONS.get(step.rule)
    remedy = DENIALS[reason].remedy if reason and not step.passed else ""
    return Rule(
        rule=step.rule,
        passed=step.passed,
        condition=translate(language, RULES.get(step.rule, step.rule)),
        remedy=translate(language, remedy) if remedy else "",
    )


async def explain_pool(request: web.Request, _body: None) -> Why | Failure:
    pool_id = PoolId(request.match_info["pool_id"])
    match await services_of(request).sessions.explain(signed_in(request), pool_id):
        case NoSuchPool():
            return _NO_POOL
        case (Allow() | Deny()) as decision:
            return Why(
                is_allowed=isinstance(decision, Allow),
                reason=decision.reason if isinstance(decision, Deny) else None,
                rules=[_describe_rule(request, step) for step in decision.trace],
            )


async def issue_ticket(request: web.Request, _body: None) -> TicketAnswer | Failure:
    session_id = SessionId(request.match_info["session_id"])
    match await services_of(request).sessions.issue_ticket(signed_in(request), session_id):
        case TicketIssued() as issued:
            return TicketReady(
                ticket=issued.ticket.reveal(),
                expires_at=issued.expires_at,
                takes_over=issued.takes_over,
                tunnel_url=front_of(request).tunnel_url,
            )
        case Preparing() as waiting:
            return TicketPreparing(state=waiting.state, position=waiting.position, waiting_since=waiting.waiting_since)
        case SessionOver(reason):
            return TicketOver(reason=reason)
        case OpenDenied() as denied:
            return _denied(denied)
        case NoSuchSession():
            return _NO_SESSION


async def disconnect_session(request: web.Request, _body: None) -> Hung | Failure:
    session_id = SessionId(request.match_info["session_id"])
    match await services_of(request).sessions.disconnect(signed_in(request), session_id):
        case Disconnected(done):
            return Hung(session_id=done)
        case NoSuchSession():
            return _NO_SESSION


async def log_off_session(request: web.Request, _body: None) -> LoggedOff | Failure:
    session_id = SessionId(request.match_info["session_id"])
    match await services_of(request).sessions.log_off(signed_in(request), session_id):
        case Ended() as ended:
            return LoggedOff(session_id=ended.session_id, work_goes_on_until_limit=ended.work_goes_on_until_limit)
        case NoSuchSession():
            return _NO_SESSION


_STAFF: Final = Audience.STAFF
STAFF_OPERATIONS: Final = (
    Operation(method="GET", path="/me", summary="Who is signed in", audience=_STAFF, handler=get_me, response=Me),
    Operation(
        method="GET",
        path="/pools",
        summary="The pools of the portal with the decision about each",
        audience=_STAFF,
        handler=list_pools,
        response=Pools,
    ),
    Operation(
        method="POST",
        path="/pools/{pool_id}/open",
        summary="Open a pool: a new session, or the one that is still there",
        audience=_STAFF,
        handler=open_pool,
        response=SessionInfo,
        problems=(Problem.NO_SUCH_POOL, Problem.OPEN_DENIED),
    ),
    Operation(
        method="GET",
        path="/pools/{pool_id}/why",
        summary="Why a pool may or may not be opened",
        audience=_STAFF,
        handler=explain_pool,
        response=Why,
        problems=(Problem.NO_SUCH_POOL,),
    ),
    Operation(
        method="GET",
        path="/sessions",
        summary="One's own live sessions",
        audience=_STAFF,
        handler=list_sessions,
        response=Sessions,
    ),
    Operation(
        method="POST",
        path="/sessions/{session_id}/ticket",
        summary="A single-use ticket for the tunnel, or how long it takes until there is one",
        audience=_STAFF,
        handler=issue_ticket,
        response=TicketAnswer,
        problems=(Problem.NO_SUCH_SESSION, Problem.OPEN_DENIED),
    ),
    Operation(
        method="POST",
        path="/sessions/{session_id}/disconnect",
        summary="Hang up; the desktop goes on",
        audience=_STAFF,
        handler=disconnect_session,
        response=Hung,
        problems=(Problem.NO_SUCH_SESSION,),
    ),
    Operation(
        method="POST",
        path="/sessions/{session_id}/logoff",
        summary="End the work on the desktop",
        audience=_STAFF,
        handler=log_off_session,
        response=LoggedOff,
        problems=(Problem.NO_SUCH_SESSION,),
    ),
)
