"""The portal: what a person may open, what is running, and why something is refused."""

from typing import Final

from aiohttp import web

from broker.model.ids import PoolId, SessionId
from broker.model.kinds import CertificateState
from broker.model.reasons import DenyReason
from broker.people.consents import ConsentShown
from broker.policy.decision import Allow, Deny
from broker.session.records import Ended, NoSuchPool, NoSuchSession, OpenDenied, Opened, PoolView
from web.errors import show_problem
from web.forms import see_other
from web.language import gettext_noop as _
from web.password_words import CHANGED
from web.problems import Problem
from web.reasons import DENIALS, ENDS, RULE_REASONS, RULES
from web.render import render
from web.step_up import ask_step_up
from web.views.card import card_of
from web.views.session_texts import page_settings
from web.visitor import services_of, signed_in
from web.words import (
    AUDIT_EVENTS,
    BROWSER_NOTE,
    CERTIFICATE_STATES,
    DEVICE_KINDS,
    HOST_NOTE,
    ORIGINS,
    POOL_KIND_NOTES,
    POOL_KINDS,
    SESSION_STATES,
)
from web.zones import pool_order, zone_colour

NOTES: Final = {
    "recovery": _(
        "非常用コードでログインしました。使ったコードはもう使えません。残りが少ないときは情報システム担当へご相談ください。"
    ),
    "password": CHANGED,
    "consent": _("利用規程の確認を記録しました。"),
    "logged_off": _("ログオフしました。"),
    "logged_off_later": _(
        "利用を終了しました。接続先のパソコンでの作業は、そのパソコンの制限時間が来たときに終わります。"
    ),
    "disconnected": _("切断しました。作業中の画面は残っています。"),
}


async def show_portal(request: web.Request) -> web.Response:
    auth = signed_in(request)
    services = services_of(request)
    consent = await services.consents.show(auth)
    if isinstance(consent, ConsentShown) and consent.is_due and "later" not in request.query:
        return see_other("/consent?password=1" if "password" in request.query else "/consent")
    views = sorted(await services.sessions.portal(auth), key=lambda view: pool_order(view.pool))
    notes = [NOTES[code] for code in request.query if code in NOTES]
    session = auth.session
    warnings = await services.devices.warnings_for(auth.user.tenant_id, auth.user.login, session.device_id)
    has_bad_certificate = session.certificate not in {CertificateState.VALID, CertificateState.ABSENT}
    return render(
        request,
        "portal.html",
        expiry_warnings=warnings,
        has_bad_certificate=has_bad_certificate,
        device_kinds=DEVICE_KINDS,
        certificate_states=CERTIFICATE_STATES,
        cards=[(view, card_of(view)) for view in views],
        notes=notes,
        ends=await services.sessions.ended_lately(auth),
        end_reasons=ENDS,
        previous=await services.people.previous_signin(auth),
        web_session=auth.session,
        consent=consent if isinstance(consent, ConsentShown) else None,
        password_days=await services.passwords.days_left(auth),
        can_change_password=services.passwords.can_change(auth),
        zone_colour=zone_colour,
        host_note=HOST_NOTE,
        denials=DENIALS,
        session_states=SESSION_STATES,
        pool_kinds=POOL_KINDS,
        pool_kind_notes=POOL_KIND_NOTES,
        browser_note=BROWSER_NOTE,
        origins=ORIGINS,
        factor_notice=await services.own_factors.notice(auth),
        events=AUDIT_EVENTS,
    )


async def open_pool(request: web.Request) -> web.Response:
    pool_id = PoolId(request.match_info["pool_id"])
    match await services_of(request).sessions.open(signed_in(request), pool_id):
        case Opened(session):
            return see_other(f"/sessions/{session.id}")
        case OpenDenied(reason=DenyReason.STEP_UP_NEEDED):
            return ask_step_up(request, "/")
        case OpenDenied():
            return see_other(f"/pools/{pool_id}/why")
        case NoSuchPool():
            return show_problem(request, Problem.NO_SUCH_POOL)


async def show_why(request: web.Request) -> web.Response:
    """Every rule in plain words: which are met, and what would have to be different."""
    auth = signed_in(request)
    pool_id = PoolId(request.match_info["pool_id"])
    match await services_of(request).sessions.explain(auth, pool_id):
        case NoSuchPool():
            return show_problem(request, Problem.NO_SUCH_POOL)
        case (Allow() | Deny()) as decision:
            return render(
                request,
                "why.html",
                view=await _find_pool(request, pool_id),
                is_allowed=isinstance(decision, Allow),
                code=decision.reason if isinstance(decision, Deny) else "",
                steps=decision.trace,
                rules=RULES,
                rule_reasons=RULE_REASONS,
                denials=DENIALS,
                origin=ORIGINS[auth.session.origin],
            )


async def _find_pool(request: web.Request, pool_id: PoolId) -> PoolView | None:
    views = await services_of(request).sessions.portal(signed_in(request))
    return next((view for view in views if view.pool.id == pool_id), None)


async def _find_view(request: web.Request) -> PoolView | None:
    session_id = SessionId(request.match_info["session_id"])
    views = await services_of(request).sessions.portal(signed_in(request))
    return next((view for view in views if view.session is not None and view.session.id == session_id), None)


async def show_session(request: web.Request) -> web.Response:
    """The page that holds the desktop. It asks for its tickets itself."""
    view = await _find_view(request)
    if view is None:
        return show_problem(request, Problem.NO_SUCH_SESSION)
    return render(
        request,
        "session.html",
        view=view,
        zone_colour=zone_colour(view.zone.id),
        page=page_settings(request, view),
    )


async def ask_log_off(request: web.Request) -> web.Response:
    view = await _find_view(request)
    if view is None:
        return show_problem(request, Problem.NO_SUCH_SESSION)
    return render(request, "logoff.html", view=view)


async def log_off(request: web.Request) -> web.Response:
    session_id = SessionId(request.match_info["session_id"])
    match await services_of(request).sessions.log_off(signed_in(request), session_id):
        case Ended(work_goes_on_until_limit=True):
            return see_other("/?logged_off_later=1")
        case Ended():
            return see_other("/?logged_off=1")
        case NoSuchSession():
            return show_problem(request, Problem.NO_SUCH_SESSION)
