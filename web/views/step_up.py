"""The page where somebody who is signed in shows a second factor again."""

from aiohttp import web

from broker.signin.records import SteppedUp, StepUpOutcome, StepUpRefused, Throttled
from web.forms import local_path, read_form, read_query, see_other
from web.hosts import hostname_of
from web.language import gettext_noop as _
from web.passkey_answers import NO_ANSWER, read_answer, send_away, send_question
from web.passkey_answers import REFUSED as PASSKEY_REFUSED
from web.render import render
from web.step_up import STEP_UP_PATH
from web.views.signin import CODE_MISSING, throttled_page
from web.visitor import services_of, signed_in

REFUSED = _("確認できませんでした。新しい認証コードが表示されてから、もう一度入力してください。")


async def show_step_up(request: web.Request) -> web.Response:
    return _page(request, local_path(read_query(request, "next")))


def _page(request: web.Request, next_path: str, *, status: int = 200, error: str | None = None) -> web.Response:
    return render(request, "step_up.html", status=status, error=error, until=None, next_path=next_path)


async def step_up_by_code(request: web.Request) -> web.Response:
    """The app's code or a recovery code; then on to where the person wanted to go."""
    fields = await read_form(request)
    next_path, code = local_path(fields.get("next", "")), fields.get("code", "").strip()
    if not code:
        return _page(request, next_path, status=422, error=CODE_MISSING)
    outcome = await services_of(request).signin.step_up_by_code(signed_in(request), code)
    return _answer(request, next_path, outcome, REFUSED)


async def ask_passkey(request: web.Request) -> web.Response:
    question = await services_of(request).passkeys.ask_to_step_up(signed_in(request), hostname_of(request))
    return send_away(STEP_UP_PATH) if isinstance(question, StepUpRefused) else send_question(question)


async def step_up_by_passkey(request: web.Request) -> web.Response:
    """A passkey; then on to where the person wanted to go."""
    next_path, answer = local_path((await read_form(request)).get("next", "")), await read_answer(request)
    if not answer:
        return _page(request, next_path, status=422, error=NO_ANSWER)
    auth, hostname = signed_in(request), hostname_of(request)
    outcome = await services_of(request).passkeys.step_up(auth, hostname, answer)
    return _answer(request, next_path, outcome, PASSKEY_REFUSED)


def _answer(request: web.Request, next_path: str, outcome: StepUpOutcome, refused: str) -> web.Response:
    match outcome:
        case SteppedUp():
            return see_other(next_path)
        case StepUpRefused():
            return _page(request, next_path, status=403, error=refused)
        case Throttled():
            return throttled_page(request, "step_up.html", outcome, next_path=next_path)
