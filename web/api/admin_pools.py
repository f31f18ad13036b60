"""Operations of the console on pools and desktops."""

from typing import Final

from aiohttp import web

from broker.model.ids import DesktopId, PoolId
from broker.policy.administration import NotAllowed
from broker.pool.records import (
    DesktopChanged,
    DesktopMoved,
    DesktopRow,
    NoSuchDesktop,
    NoSuchPool,
    PoolChanged,
    PoolSummary,
)
from web.api.admin_records import AdminDesktop, AdminDesktops, AdminPool, AdminPools, PoolGate, Reason
from web.api.operation import Audience, Failure, Operation
from web.problems import Problem
from web.visitor import actor_of, services_of

NOT_ALLOWED: Final = Failure(problem=Problem.NOT_ALLOWED)
_NO_POOL: Final = Failure(problem=Problem.NO_SUCH_POOL)


def _describe_pool(summary: PoolSummary) -> AdminPool:
    pool = summary.pool
    return AdminPool(
        id=pool.id,
        zone=pool.zone_id,
        name_ja=pool.name_ja,
        name_en=pool.name_en,
        kind=pool.kind,
        provider=pool.provider,
        protocol=pool.protocol,
        is_open=pool.is_open,
        target_ready=pool.target_ready,
        max_size=pool.max_size,
        counts=summary.counts,
        queued=summary.queued,
        live_sessions=summary.live_sessions,
        connected=summary.connected,
        disconnected=summary.disconnected,
        provider_fault=summary.provider_fault,
        application=pool.application,
        allowed_destinations=pool.allowed_destinations,
        homepage=pool.homepage,
    )


async def list_admin_pools(request: web.Request, _body: None) -> AdminPools | Failure:
    summaries = await services_of(request).pools.summaries(actor_of(request))
    if isinstance(summaries, NotAllowed):
        return NOT_ALLOWED
    return AdminPools([_describe_pool(summary) for summary in summaries])


async def _set_gate(request: web.Request, reason: str, *, is_open: bool) -> PoolGate | Failure:
    pool_id = PoolId(request.match_info["pool_id"])
    match await services_of(request).pools.set_open(actor_of(request), pool_id, is_open, reason):
        case PoolChanged(pool):
            return PoolGate(id=pool.id, is_open=pool.is_open)
        case NoSuchPool():
            return _NO_POOL
        case NotAllowed():
            return NOT_ALLOWED


async def open_pool_gate(request: web.Request, body: Reason) -> PoolGate | Failure:
    return await _set_gate(request, body.reason, is_open=True)


async def close_pool_gate(request: web.Request, body: Reason) -> PoolGate | Failure:
    return await _set_gate(request, body.reason, is_open=False)


def _describe_desktop(row: DesktopRow) -> AdminDesktop:
    desktop = row.desktop
    return AdminDesktop(
        id=desktop.id,
        name=desktop.name,
        pool=desktop.pool_id,
        state=desktop.state,
        state_since=desktop.state_since,
        user=row.user.login if row.user else None,
        display_name=row.user.display_name if row.user else None,
        assigned_since=row.assignment.created_at if row.assignment else None,
        fault=desktop.fault,
        failures=desktop.failures,
    )


async def list_desktops(request: web.Request, _body: None) -> AdminDesktops | Failure:
    pool_id = PoolId(request.match_info["pool_id"])
    match await services_of(request).pools.desktops(actor_of(request), pool_id):
        case list() as rows:
            return AdminDesktops([_describe_desktop(row) for row in rows])
        case NoSuchPool():
            return _NO_POOL
        case NotAllowed():
            return NOT_ALLOWED


async def repair_desktop(request: web.Request, _body: None) -> AdminDesktop | Failure:
    desktop_id = DesktopId(request.match_info["desktop_id"])
    match await services_of(request).pools.repair(actor_of(request), desktop_id):
        case DesktopChanged(desktop):
            return _describe_desktop(DesktopRow(desktop=desktop, assignment=None, user=None))
        case DesktopMoved():
            return Failure(problem=Problem.STATE_CHANGED)
        case NoSuchDesktop():
            return Failure(problem=Problem.NO_SUCH_DESKTOP)
        case NotAllowed():
            return NOT_ALLOWED


_CONSOLE: Final = Audience.CONSOLE
POOL_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/pools",
        summary="All pools with counts by state",
        audience=_CONSOLE,
        handler=list_admin_pools,
        response=AdminPools,
    ),
    Operation(
        method="POST",
        path="/admin/pools/{pool_id}/open",
        summary="Let a pool take new sessions again",
        audience=_CONSOLE,
        handler=open_pool_gate,
        request=Reason,
        response=PoolGate,
        problems=(Problem.NO_SUCH_POOL,),
    ),
    Operation(
        method="POST",
        path="/admin/pools/{pool_id}/close",
        summary="Let a pool take no new sessions; running ones go on",
        audience=_CONSOLE,
        handler=close_pool_gate,
        request=Reason,
        response=PoolGate,
        problems=(Problem.NO_SUCH_POOL,),
    ),
    Operation(
        method="GET",
        path="/admin/pools/{pool_id}/desktops",
        summary="The desktops of a pool",
        audience=_CONSOLE,
        handler=list_desktops,
        response=AdminDesktops,
        problems=(Problem.NO_SUCH_POOL,),
    ),
    Operation(
        method="POST",
        path="/admin/desktops/{desktop_id}/repair",
        summary="Clear the fault of a desktop and make it anew",
        audience=_CONSOLE,
        handler=repair_desktop,
        response=AdminDesktop,
        problems=(Problem.NO_SUCH_DESKTOP, Problem.STATE_CHANGED),
    ),
)
