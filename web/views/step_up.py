"""The page where somebody who is signed in shows a second factor again."""

from aiohttp import web

from broker.signin.records import SteppedUp, StepUpRefused, Throttled
from web.forms import local_path, read_form, read_query, see_other
from web.language import gettext_noop as _
from web.render import render
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
    match await services_of(request).signin.step_up_by_code(signed_in(request), code):
        case SteppedUp():
            return see_other(next_path)
        case StepUpRefused():
            return _page(request, next_path, status=403, error=REFUSED)
        case Throttled() as outcome:
            return throttled_page(request, "step_up.html", outcome, next_path=next_path)
