"""The console: the tenant's mode, and what setting another one would do."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from broker.model.kinds import Mode
from broker.model.policy_records import ChangeKind, ModeOrder
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.session.desk_records import ModeAwaits, ModeState, Refusal, Rehearsed
from web.errors import show_problem
from web.forms import read_form, read_query, see_other
from web.language import gettext_noop as _
from web.problems import Problem
from web.reasons import DENIALS
from web.views.console import console_page
from web.views.console_exceptions import list_pools, state_of
from web.visitor import TENANT, actor_of, services_of
from web.words import MODES

END_MISSING: Final = _("業務継続（災害時）には、終了日時が必要です。")
END_PAST: Final = _("終了日時は、今より後にしてください。")
END_UNREADABLE: Final = _("終了日時を読み取れませんでした。")
REASON_MISSING: Final = _("理由を入力してください。監査ログに残ります。")
DRILL_NOW: Final = _("今は通常運転ではないため、訓練を始められません。先に通常運転へ戻してください。")
CONSEQUENCES: Final = {
    Mode.NORMAL: _("業務継続の例外は使えなくなり、縮退運転とメンテナンスの制限はなくなります。"),
    Mode.BCP: _("あらかじめ二人で承認した業務継続の例外が使えるようになります。終了日時に、自動で通常運転へ戻ります。"),
    Mode.DEGRADED: _("優先業務のデスクトッププールだけを利用できます。ほかのセッションはすぐに終わります。"),
    Mode.MAINTENANCE: _("だれも接続できません。利用中のセッションはすべてすぐに終わります。"),
}
DRILL: Final = _("訓練です。画面の表示と監査ログだけに残り、接続できるかどうかは変わりません。")


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    """The fields as they were typed."""

    mode: Mode
    until: str
    is_drill: bool


async def show_mode(request: web.Request) -> web.Response:
    return await _form(request, _Wish(mode=Mode.NORMAL, until="", is_drill=False), None)


async def _form(request: web.Request, wish: _Wish, error: str | None) -> web.Response:
    state = await services_of(request).policy.mode(actor_of(request))
    requests = await services_of(request).changes.list_all(actor_of(request), ChangeKind.MODE)
    if not isinstance(state, ModeState) or isinstance(requests, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/mode.html",
        "policy",
        status=200 if error is None else 422,
        part="mode",
        mode=state,
        modes=MODES,
        wish=wish,
        error=None if error is None else (error, ""),
        requests=requests,
        state_of=state_of,
    )


async def ask_mode(request: web.Request) -> web.Response:
    """What the mode would do, before it is set: by the decisions of the last 30 days."""
    if refuse_action(actor_of(request).roles, Action.CHANGE_POLICY) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    try:
        wish = _Wish(
            mode=Mode(read_query(request, "mode")),
            until=read_query(request, "until"),
            is_drill=bool(read_query(request, "is_drill")),
        )
    except ValueError:
        return show_problem(request, Problem.BAD_REQUEST)
    order = _read_order(request, wish)
    return await _form(request, wish, order) if isinstance(order, str) else await _confirm(request, wish, order, None)


async def _confirm(request: web.Request, wish: _Wish, order: ModeOrder, error: str | None) -> web.Response:
    rehearsed = await services_of(request).policy.rehearse_rules(actor_of(request), "", None, order.mode)
    pools = await list_pools(request)
    if isinstance(pools, NotAllowed) or not isinstance(rehearsed, Rehearsed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/mode_confirm.html",
        "policy",
        status=200 if error is None else 422,
        part="mode",
        modes=MODES,
        wish=wish,
        order=order,
        consequence=CONSEQUENCES[order.mode],
        drill=DRILL if order.is_drill else None,
        rehearsed=rehearsed,
        pool_names={pool.id: pool for pool in pools},
        denials=DENIALS,
        error=None if error is None else (error, ""),
    )


async def set_mode(request: web.Request) -> web.Response:
    """Set the mode, or ask for it where the baseline wants two people."""
    fields = await read_form(request)
    try:
        mode = Mode(fields.get("mode", ""))
    except ValueError:
        return show_problem(request, Problem.BAD_REQUEST)
    wish = _Wish(mode=mode, until=fields.get("until", ""), is_drill=bool(fields.get("is_drill")))
    order = _read_order(request, wish)
    if isinstance(order, str):
        return await _form(request, wish, order)
    reason = fields.get("reason", "").strip()
    if not reason:
        return await _confirm(request, wish, order, REASON_MISSING)
    match await services_of(request).policy.set_mode(actor_of(request), order, reason):
        case ModeState():
            return see_other("/console/mode?done=mode_set")
        case ModeAwaits(change_id):
            return see_other(f"/console/changes/{change_id}?done=change_requested")
        case Refusal():
            return await _form(request, wish, DRILL_NOW if order.is_drill else END_PAST)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)


def _read_order(request: web.Request, wish: _Wish) -> ModeOrder | str:
    """The order, or why it can't be one (a message id). Going back to normal has no end."""
    if wish.mode is Mode.NORMAL:
        return ModeOrder(mode=wish.mode)
    if not wish.until:
        return END_MISSING if wish.mode is Mode.BCP else ModeOrder(mode=wish.mode, is_drill=wish.is_drill)
    try:
        until = datetime.fromisoformat(wish.until)
        if until.utcoffset() is None:
            until = until.replace(tzinfo=ZoneInfo(request[TENANT].time_zone))
        until = until.astimezone(UTC)
    except (ValueError, OverflowError):
        return END_UNREADABLE
    if until <= datetime.now(UTC):
        return END_PAST
    return ModeOrder(mode=wish.mode, until=until, is_drill=wish.is_drill)
