"""First sign-in: register the authenticator app, confirm it by a code, take the recovery codes home."""

import segno
from aiohttp import web
from markupsafe import Markup

from broker.secret import Secret
from broker.signin.records import CodeAttempt, EnrolmentOffer, MustChangePassword, Refused, SignedIn, Throttled
from web.arrival import arrival_of
from web.cookies import Cookie, read_cookie, set_cookie
from web.forms import read_form, see_other
from web.render import render
from web.views.signin import CODE_MISSING, WRONG_CODE, begin_again, enter, throttled_page, user_agent_of
from web.visitor import services_of


def draw_qr(uri: str) -> Markup:
    """The URI as an inline SVG element without styles, so that the content policy has nothing to allow."""
    code = segno.make(uri, error="m", micro=False)
    svg = code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    return Markup(svg)  # noqa: S704 made from a matrix of squares, none of the text is in it


async def _offer(request: web.Request, pending: Secret) -> EnrolmentOffer | None:
    outcome = await services_of(request).signin.offer_enrolment(pending)
    return None if isinstance(outcome, Refused) else outcome


def _page(request: web.Request, offer: EnrolmentOffer, *, status: int = 200, error: str | None = None) -> web.Response:
    return render(
        request,
        "enrol.html",
        status=status,
        error=error,
        until=None,
        offer=offer,
        qr=draw_qr(offer.uri),
    )


async def show_enrolment(request: web.Request) -> web.Response:
    pending = read_cookie(request, Cookie.SIGNIN)
    if pending is None:
        return see_other("/login")
    offer = await _offer(request, pending)
    return begin_again(request) if offer is None else _page(request, offer)


async def confirm_enrolment(request: web.Request) -> web.Response:
    pending = read_cookie(request, Cookie.SIGNIN)
    if pending is None:
        return see_other("/login?again=1")
    code = (await read_form(request)).get("code", "").strip()
    if not code:
        return await show_again(request, pending, 422, CODE_MISSING)
    attempt = CodeAttempt(pending=pending, code=code, arrival=arrival_of(request), user_agent=user_agent_of(request))
    match await services_of(request).signin.confirm_enrolment(attempt):
        case SignedIn() as outcome:
            return await enter(request, codes_page(request, outcome, next_path="/", done="app"), outcome)
        case MustChangePassword(pending=token) as outcome:
            page = codes_page(request, outcome, next_path="/login/password", done="app")
            set_cookie(page, Cookie.SIGNIN, token)
            return page
        case Refused(may_retry=True):
            return await show_again(request, pending, 403, WRONG_CODE)
        case Refused():
            return begin_again(request)
        case Throttled() as throttled:
            offer = await _offer(request, pending)
            if offer is None:
                return begin_again(request)
            return throttled_page(request, "enrol.html", throttled, offer=offer, qr=draw_qr(offer.uri))


def codes_page(
    request: web.Request, outcome: SignedIn | MustChangePassword, *, next_path: str, done: str
) -> web.Response:
    """The recovery codes, shown this once, and the way on from there."""
    codes, person = outcome.recovery_codes, outcome.user
    return render(request, "recovery_codes.html", codes=codes, person=person, next_path=next_path, done=done)


async def show_again(request: web.Request, pending: Secret, status: int, error: str) -> web.Response:
    """The page once more, with what went wrong."""
    offer = await _offer(request, pending)
    return begin_again(request) if offer is None else _page(request, offer, status=status, error=error)
