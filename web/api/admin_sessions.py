"""Operations of the console on live sessions and the audit."""

from typing import Final

from aiohttp import web

from broker.model.ids import SessionId
from broker.model.records import AuditRecord
from broker.policy.administration import NotAllowed
from broker.session.records import Ended, LiveSession, NoSuchSession
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import AdminSession, AdminSessions, AuditLine, AuditPage, Reason, Terminated
from web.api.operation import Audience, Failure, Operation, Parameter
from web.audit_filter import read_audit_query
from web.forms import parse_number, read_query
from web.problems import Problem
from web.visitor import actor_of, services_of

DEFAULT_PAGE_ROWS: Final = 100
MAX_PAGE_ROWS: Final = 1000


def _describe_session(row: LiveSession) -> AdminSession:
    session = row.session
    return AdminSession(
        id=session.id,
        state=session.state,
        pool=session.pool_id,
        user_id=row.user.id,
        login=row.user.login,
        display_name=row.user.display_name,
        department=row.user.department,
        desktop=row.desktop.name if row.desktop else None,
        desktop_id=row.desktop.id if row.desktop else None,
        origin=session.origin,
        address=row.address,
        created_at=session.created_at,
        started_at=session.started_at,
    )


async def list_live_sessions(request: web.Request, _body: None) -> AdminSessions | Failure:
    rows = await services_of(request).sessions.list_live(actor_of(request))
    if isinstance(rows, NotAllowed):
        return NOT_ALLOWED
    return AdminSessions([_describe_session(row) for row in rows])


async def terminate_session(request: web.Request, body: Reason) -> Terminated | Failure:
    session_id = SessionId(request.match_info["session_id"])
    match await services_of(request).sessions.terminate(actor_of(request), session_id, body.reason):
        case Ended() as ended:
            return Terminated(session_id=ended.session_id, work_goes_on_until_limit=ended.work_goes_on_until_limit)
        case NoSuchSession():
            return Failure(problem=Problem.NO_SUCH_SESSION)
        case NotAllowed():
            return NOT_ALLOWED


def _describe_record(record: AuditRecord) -> AuditLine:
    return AuditLine(
        id=record.id,
        at=record.at,
        event=record.event,
        version=record.version,
        actor=record.actor,
        subject=record.subject,
        outcome=record.outcome,
        address=record.address,
        detail=record.detail,
        seq=record.seq,
        record_hash=record.record_hash.hex() if record.record_hash else None,
    )


async def search_audit(request: web.Request, _body: None) -> AuditPage | Failure:
    limit = min(parse_number(read_query(request, "limit")) or DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS)
    records = await services_of(request).audit.search(actor_of(request), read_audit_query(request, limit))
    if isinstance(records, NotAllowed):
        return NOT_ALLOWED
    is_last = len(records) < limit
    return AuditPage(
        records=[_describe_record(record) for record in records],
        next_before=None if is_last else records[-1].id,
    )


_CONSOLE: Final = Audience.CONSOLE
SESSION_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/sessions",
        summary="All live sessions",
        audience=_CONSOLE,
        handler=list_live_sessions,
        response=AdminSessions,
    ),
    Operation(
        method="POST",
        path="/admin/sessions/{session_id}/terminate",
        summary="End somebody's session now",
        audience=_CONSOLE,
        handler=terminate_session,
        request=Reason,
        response=Terminated,
        problems=(Problem.NO_SUCH_SESSION,),
    ),
    Operation(
        method="GET",
        path="/admin/audit",
        summary="A page of the audit, newest first",
        audience=_CONSOLE,
        handler=search_audit,
        response=AuditPage,
        query=(
            Parameter("event", "Beginning of the event's name, for instance signin."),
            Parameter("text", "Looked for in actor, subject, event and detail"),
            Parameter("since", "First day, YYYY-MM-DD in the tenant's time zone"),
            Parameter("until", "Last day, YYYY-MM-DD in the tenant's time zone"),
            Parameter("before", "Only records with a smaller id: next_before of the page before"),
            Parameter("limit", "Rows of a page, at most 1000; 100 without it"),
        ),
    ),
)
