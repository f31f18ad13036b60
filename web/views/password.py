"""「パスワードの変更」: before a sign-in ends, because the directory demands it, and from the portal."""

from typing import Final

from aiohttp import web

from broker.people.passwords import RulesShown
from broker.secret import Secret
from broker.signin.records import (
    CantChange,
    ChangeAttempt,
    DirectoryDown,
    NotTaken,
    OwnChange,
    OwnPasswordChanged,
    Refused,
    SignedIn,
    StepUpMissing,
    Throttled,
)
from web.arrival import address_of, arrival_of
from web.cookies import Cookie, read_cookie
from web.errors import show_problem
from web.forms import read_form, see_other
from web.language import language_of
from web.password_words import DIFFERENT, DOWN, FAULTS, MISSING, OLD_WRONG, describe_policy
from web.problems import Problem
from web.render import render
from web.views.signin import begin_again, enter, throttled_page, user_agent_of
from web.visitor import services_of, signed_in

_AT_DOOR: Final = "/login/password"
_OWN: Final = "/password"


async def show_demanded(request: web.Request) -> web.Response:
    pending = read_cookie(request, Cookie.SIGNIN)
    if pending is None:
        return see_other("/login")
    shown = await services_of(request).passwords.show_pending(pending)
    return begin_again(request) if shown is None else _page(request, shown, _AT_DOOR)


async def submit_demanded(request: web.Request) -> web.Response:
    pending = read_cookie(request, Cookie.SIGNIN)
    if pending is None:
        return see_other("/login?again=1")
    form = await read_form(request)
    shown = await services_of(request).passwords.show_pending(pending)
    if shown is None:
        return begin_again(request)
    if error := _fault_of(form):
        return _page(request, shown, _AT_DOOR, status=422, error=error)
    attempt = ChangeAttempt(
        pending=pending,
        old=Secret(form["old"]),
        new=Secret(form["new"]),
        arrival=arrival_of(request),
        user_agent=user_agent_of(request),
    )
    match await services_of(request).passwords.finish(attempt):
        case SignedIn() as outcome:
            return await enter(request, see_other("/?password=1"), outcome)
        case NotTaken(fault):
            return _page(request, shown, _AT_DOOR, status=422, error=FAULTS[fault], field="new")
        case Refused(may_retry=True):
            return _page(request, shown, _AT_DOOR, status=403, error=OLD_WRONG)
        case Refused():
            return begin_again(request)
        case Throttled() as throttled:
            return throttled_page(request, "password.html", throttled, **_context(request, shown, _AT_DOOR))
        case DirectoryDown():
            return _page(request, shown, _AT_DOOR, status=503, error=DOWN)


async def show_own(request: web.Request) -> web.Response:
    shown = await services_of(request).passwords.show_own(signed_in(request))
    return _page(request, shown, _OWN) if isinstance(shown, RulesShown) else _elsewhere(request, shown)


async def submit_own(request: web.Request) -> web.Response:
    auth, form = signed_in(request), await read_form(request)
    shown = await services_of(request).passwords.show_own(auth)
    if not isinstance(shown, RulesShown):
        return _elsewhere(request, shown)
    if error := _fault_of(form):
        return _page(request, shown, _OWN, status=422, error=error)
    wish = OwnChange(old=Secret(form["old"]), new=Secret(form["new"]), address=address_of(request))
    match await services_of(request).passwords.change_own(auth, wish):
        case OwnPasswordChanged():
            return see_other("/?password=1")
        case NotTaken(fault):
            return _page(request, shown, _OWN, status=422, error=FAULTS[fault], field="new")
        case Refused():
            return _page(request, shown, _OWN, status=403, error=OLD_WRONG)
        case Throttled() as throttled:
            return throttled_page(request, "password.html", throttled, **_context(request, shown, _OWN))
        case DirectoryDown():
            return _page(request, shown, _OWN, status=503, error=DOWN)
        case (StepUpMissing() | CantChange()) as other:
            return _elsewhere(request, other)


def _elsewhere(request: web.Request, why: StepUpMissing | CantChange) -> web.Response:
    if isinstance(why, CantChange):
        return show_problem(request, Problem.NOT_FOUND)
    return see_other(f"/step-up?next={_OWN}")


def _fault_of(form: dict[str, str]) -> str | None:
    if not (form.get("old") and form.get("new") and form.get("again")):
        return MISSING
    return DIFFERENT if form["new"] != form["again"] else None


def _page(
    request: web.Request,
    shown: RulesShown,
    action: str,
    *,
    status: int = 200,
    error: str | None = None,
    field: str = "old",
) -> web.Response:
    context = _context(request, shown, action) | {"field": field}
    return render(request, "password.html", status=status, error=error, until=None, **context)


def _context(request: web.Request, shown: RulesShown, action: str) -> dict[str, object]:
    return {
        "action": action,
        "is_demanded": action == _AT_DOOR,
        "person": shown.user,
        "rules": describe_policy(shown.policy, language_of(request)),
        "field": "old",
    }
