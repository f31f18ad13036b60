"""The code step by a passkey, and a passkey as first factor."""

from aiohttp import web

from broker.secret import Secret
from broker.signin.records import (
    CodeOutcome,
    MustChangePassword,
    PasskeyAttempt,
    PasskeyQuestion,
    Refused,
    SignedIn,
    Throttled,
)
from web.arrival import arrival_of
from web.cookies import Cookie, read_cookie, set_cookie
from web.forms import read_form, see_other
from web.hosts import hostname_of
from web.passkey_answers import NO_ANSWER, REFUSED, read_answer, send_away, send_question
from web.render import render
from web.views.enrolment import codes_page, show_again
from web.views.signin import begin_again, enter, next_step, throttled_page, user_agent_of
from web.visitor import services_of

_BEGIN_AGAIN = "/login?again=1"


async def ask_to_sign_in(request: web.Request) -> web.Response:
    """The same for every sign-in between its steps."""
    pending = read_cookie(request, Cookie.SIGNIN)
    if pending is None:
        return send_away(_BEGIN_AGAIN)
    return _send(await services_of(request).passkeys.ask_to_sign_in(pending, hostname_of(request)))


async def sign_in(request: web.Request) -> web.Response:
    pending, answer = read_cookie(request, Cookie.SIGNIN), await read_answer(request)
    if pending is None:
        return see_other(_BEGIN_AGAIN)
    if not answer:
        return _code_page(request, 422, NO_ANSWER)
    match await services_of(request).passkeys.sign_in(await _attempt(request, pending, answer)):
        case SignedIn() as outcome:
            return await enter(request, see_other("/"), outcome)
        case MustChangePassword(pending=token):
            return next_step("/login/password", token)
        case Refused(may_retry=True):
            return _code_page(request, 403, REFUSED)
        case Refused():
            return begin_again(request)
        case Throttled() as throttled:
            return throttled_page(request, "code.html", throttled)


async def ask_to_enrol(request: web.Request) -> web.Response:
    pending = read_cookie(request, Cookie.SIGNIN)
    if pending is None:
        return send_away(_BEGIN_AGAIN)
    return _send(await services_of(request).passkeys.ask_to_enrol(pending, hostname_of(request)))


async def enrol(request: web.Request) -> web.Response:
    """Store the first key; the recovery codes are shown here, once."""
    pending, answer = read_cookie(request, Cookie.SIGNIN), await read_answer(request)
    if pending is None:
        return see_other(_BEGIN_AGAIN)
    if not answer:
        return await show_again(request, pending, 422, NO_ANSWER)
    outcome: CodeOutcome = await services_of(request).passkeys.enrol(await _attempt(request, pending, answer))
    match outcome:
        case SignedIn():
            return await enter(request, codes_page(request, outcome, next_path="/", done="passkey"), outcome)
        case MustChangePassword(pending=token):
            page = codes_page(request, outcome, next_path="/login/password", done="passkey")
            set_cookie(page, Cookie.SIGNIN, token)
            return page
        case Refused(may_retry=True):
            return await show_again(request, pending, 403, REFUSED)
        case Refused():
            return begin_again(request)
        case Throttled():
            return await show_again(request, pending, 429, REFUSED)


async def _attempt(request: web.Request, pending: Secret, answer: str) -> PasskeyAttempt:
    return PasskeyAttempt(
        pending=pending,
        answer=answer,
        hostname=hostname_of(request),
        arrival=arrival_of(request),
        user_agent=user_agent_of(request),
        name=(await read_form(request)).get("name", ""),
    )


def _send(question: PasskeyQuestion | Refused) -> web.Response:
    return send_question(question) if isinstance(question, PasskeyQuestion) else send_away(_BEGIN_AGAIN)


def _code_page(request: web.Request, status: int, error: str) -> web.Response:
    return render(request, "code.html", status=status, error=error, until=None, message=None)
