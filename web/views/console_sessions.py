"""The console: who is connected to what, and the end of it."""

from aiohttp import web

from broker.lifecycle.session import CONNECTED_STATES, KEPT_STATES
from broker.model.ids import SessionId
from broker.policy.administration import Action, NotAllowed
from broker.session.records import Ended, LiveSession, NoSuchSession
from web.errors import show_problem
from web.forms import read_form, read_query, see_other
from web.language import gettext_noop as _
from web.language import language_of, translate
from web.problems import Problem
from web.views.confirmation import Confirmation, ask_again, ask_for, is_reason_missing, person_named
from web.views.console import console_page
from web.visitor import actor_of, services_of
from web.words import ORIGINS, SESSION_STATES


def matches_text(row: LiveSession, text: str) -> bool:
    """Whether one of the words that the row shows contains the text."""
    desktop = row.desktop.name if row.desktop else ""
    shown = (row.user.display_name, row.user.login, row.user.department, row.pool.name_ja, row.pool.name_en, desktop)
    return any(text.casefold() in word.casefold() for word in (*shown, row.address))


async def show_sessions(request: web.Request) -> web.Response:
    rows = await services_of(request).sessions.list_live(actor_of(request))
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    text = read_query(request, "q")
    shown = [row for row in rows if matches_text(row, text)]
    return console_page(
        request,
        "console/sessions.html",
        "sessions",
        rows=shown,
        connected=sum(row.session.state in CONNECTED_STATES for row in shown),
        disconnected=sum(row.session.state in KEPT_STATES for row in shown),
        text=text,
        session_states=SESSION_STATES,
        origins=ORIGINS,
    )


async def _confirmation(request: web.Request) -> Confirmation | Problem:
    session_id = SessionId(request.match_info["session_id"])
    rows = await services_of(request).sessions.list_live(actor_of(request))
    if isinstance(rows, NotAllowed):
        return Problem.NOT_ALLOWED
    row = next((one for one in rows if one.session.id == session_id), None)
    if row is None:
        return Problem.NO_SUCH_SESSION
    return Confirmation(
        title=_("セッションを強制切断しますか"),
        consequences=(
            _("この職員の画面がすぐに閉じ、セッションは終了します。"),
            _("保存していない作業内容は失われます。できるだけ事前に本人へ連絡してください。"),
        ),
        facts=(
            (_("職員"), person_named(row.user)),
            (_("デスクトッププール"), row.pool),
            (_("仮想デスクトップ"), row.desktop.name if row.desktop else "–"),
            (_("状態"), translate(language_of(request), SESSION_STATES[row.session.state])),
            (_("接続元アドレス"), row.address or "–"),
        ),
        action=f"/console/sessions/{row.session.id}/terminate",
        permission=Action.TERMINATE_SESSION,
        button=_("強制切断する"),
        back="/console/sessions",
    )


async def ask_terminate(request: web.Request) -> web.Response:
    confirmation = await _confirmation(request)
    if isinstance(confirmation, Problem):
        return show_problem(request, confirmation)
    return ask_for(request, "sessions", confirmation)


async def terminate(request: web.Request) -> web.Response:
    note = (await read_form(request)).get("reason", "").strip()
    if is_reason_missing(note):
        confirmation = await _confirmation(request)
        if isinstance(confirmation, Problem):
            return show_problem(request, confirmation)
        return ask_again(request, "sessions", confirmation)
    session_id = SessionId(request.match_info["session_id"])
    match await services_of(request).sessions.terminate(actor_of(request), session_id, note):
        case Ended():
            return see_other("/console/sessions?done=terminated")
        case NoSuchSession():
            return show_problem(request, Problem.NO_SUCH_SESSION)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
