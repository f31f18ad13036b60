"""The console: pools and their desktops."""

from aiohttp import web

from broker.lifecycle.desktop import DesktopState
from broker.model.ids import DesktopId, PoolId
from broker.policy.administration import Action, NotAllowed
from broker.pool.records import (
    DesktopChanged,
    DesktopMoved,
    DesktopRow,
    NoSuchDesktop,
    NoSuchPool,
    PoolChanged,
    PoolSummary,
)
from web.errors import show_problem
from web.forms import read_form, see_other
from web.language import gettext_noop as _
from web.problems import Problem
from web.views.confirmation import Confirmation, ask_again, ask_for, is_reason_missing, person_named
from web.views.console import console_page
from web.visitor import actor_of, services_of
from web.words import DESKTOP_STATES, POOL_KINDS, PROTOCOLS
from web.zones import pool_order


async def show_pools(request: web.Request) -> web.Response:
    summaries = await services_of(request).pools.summaries(actor_of(request))
    if isinstance(summaries, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/pools.html",
        "pools",
        summaries=sorted(summaries, key=lambda one: pool_order(one.pool)),
        desktop_states=DESKTOP_STATES,
        pool_kinds=POOL_KINDS,
        protocols=PROTOCOLS,
    )


async def _find_summary(request: web.Request) -> PoolSummary | Problem:
    pool_id = PoolId(request.match_info["pool_id"])
    summaries = await services_of(request).pools.summaries(actor_of(request))
    if isinstance(summaries, NotAllowed):
        return Problem.NOT_ALLOWED
    return next((one for one in summaries if one.pool.id == pool_id), Problem.NO_SUCH_POOL)


def _gate_confirmation(summary: PoolSummary, *, is_open: bool) -> Confirmation:
    verb = "open" if is_open else "close"
    return Confirmation(
        title=_("受付を再開しますか") if is_open else _("受付を停止しますか"),
        consequences=(
            (_("利用権のある職員が、新しく接続できるようになります。"),)
            if is_open
            else (
                _("新しい接続と順番待ちができなくなります。"),
                _("接続中の職員はそのまま使えますが、切断すると、受付を再開するまで再接続できません。"),
                _("切断中の職員の作業は残りますが、受付を再開するまで再接続できません。"),
            )
        ),
        facts=(
            (_("デスクトッププール"), summary.pool),
            (_("接続中の職員"), str(summary.connected)),
            (_("切断中の職員（作業が残っています）"), str(summary.disconnected)),
            (_("順番待ち"), str(summary.queued)),
        ),
        action=f"/console/pools/{summary.pool.id}/{verb}",
        permission=Action.CHANGE_POOLS,
        button=_("受付を再開する") if is_open else _("受付を停止する"),
        back="/console/pools",
        is_dangerous=not is_open,
    )


def _wants_open(request: web.Request) -> bool:
    return request.match_info["gate"] == "open"


async def ask_gate(request: web.Request) -> web.Response:
    summary = await _find_summary(request)
    if isinstance(summary, Problem):
        return show_problem(request, summary)
    return ask_for(request, "pools", _gate_confirmation(summary, is_open=_wants_open(request)))


async def set_gate(request: web.Request) -> web.Response:
    """Open or close a pool for new sessions."""
    reason = (await read_form(request)).get("reason", "").strip()
    is_open = _wants_open(request)
    if is_reason_missing(reason):
        summary = await _find_summary(request)
        if isinstance(summary, Problem):
            return show_problem(request, summary)
        return ask_again(request, "pools", _gate_confirmation(summary, is_open=is_open))
    pool_id = PoolId(request.match_info["pool_id"])
    match await services_of(request).pools.set_open(actor_of(request), pool_id, is_open, reason):
        case PoolChanged():
            return see_other(f"/console/pools?done={'pool_opened' if is_open else 'pool_closed'}")
        case NoSuchPool():
            return show_problem(request, Problem.NO_SUCH_POOL)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)


async def _list_rows(request: web.Request) -> list[DesktopRow] | Problem:
    pool_id = PoolId(request.match_info["pool_id"])
    match await services_of(request).pools.desktops(actor_of(request), pool_id):
        case NoSuchPool():
            return Problem.NO_SUCH_POOL
        case NotAllowed():
            return Problem.NOT_ALLOWED
        case list() as rows:
            return rows


async def show_desktops(request: web.Request) -> web.Response:
    rows = await _list_rows(request)
    if isinstance(rows, Problem):
        return show_problem(request, rows)
    summary = await _find_summary(request)
    if isinstance(summary, Problem):
        return show_problem(request, summary)
    return console_page(
        request,
        "console/desktops.html",
        "pools",
        pool=summary.pool,
        rows=rows,
        desktop_states=DESKTOP_STATES,
        faulty=DesktopState.FAULTY,
    )


async def ask_repair(request: web.Request) -> web.Response:
    rows = await _list_rows(request)
    if isinstance(rows, Problem):
        return show_problem(request, rows)
    row = next((one for one in rows if one.desktop.id == request.match_info["desktop_id"]), None)
    if row is None:
        return show_problem(request, Problem.NO_SUCH_DESKTOP)
    pool_id = request.match_info["pool_id"]
    return ask_for(
        request,
        "pools",
        Confirmation(
            title=_("仮想デスクトップを修復しますか"),
            consequences=(
                _("障害の状態を解除し、この仮想デスクトップを作り直して起動します。"),
                _("共有型では、残っていた内容は消えます。"),
            ),
            facts=(
                (_("仮想デスクトップ"), row.desktop.name),
                (_("障害の内容"), row.desktop.fault or "–"),
                (_("所有者・利用者"), person_named(row.user)),
            ),
            action=f"/console/pools/{pool_id}/desktops/{row.desktop.id}/repair",
            permission=Action.CHANGE_POOLS,
            button=_("修復する"),
            back=f"/console/pools/{pool_id}/desktops",
            needs_reason=False,
        ),
    )


async def repair_desktop(request: web.Request) -> web.Response:
    desktop_id = DesktopId(request.match_info["desktop_id"])
    match await services_of(request).pools.repair(actor_of(request), desktop_id):
        case DesktopChanged():
            return see_other(f"/console/pools/{request.match_info['pool_id']}/desktops?done=desktop_repaired")
        case DesktopMoved():
            return show_problem(request, Problem.STATE_CHANGED)
        case NoSuchDesktop():
            return show_problem(request, Problem.NO_SUCH_DESKTOP)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
