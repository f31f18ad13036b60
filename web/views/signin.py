"""Password step and code step."""

from aiohttp import web

from broker.secret import Secret
from broker.signin.records import (
    CodeAttempt,
    DirectoryDown,
    MustChangePassword,
    MustEnrol,
    NeedFactor,
    PasswordAttempt,
    Refused,
    SignedIn,
    Throttled,
    UnknownTenant,
)
from web.arrival import arrival_of
from web.cookies import Cookie, clear_cookies, read_cookie, set_cookie
from web.errors import show_problem
from web.forms import read_form, see_other
from web.hosts import hostname_of
from web.language import gettext_noop as _
from web.language import language_of
from web.problems import Problem
from web.reasons import SIGNED_OUT_TEXTS
from web.render import format_time, render
from web.visitor import AUTHENTICATED, TENANT, services_of

MAX_PASSWORD_CHARS = 1024
REFUSED = _("ログインできませんでした。職員ID、パスワード、認証コードを確かめて、はじめから入力し直してください。")
WRONG_CODE = _("認証コードが正しくないか、使用済みです。新しいコードが表示されてから入力してください。")
DIRECTORY_DOWN = _(
    "ただいま職員情報を確認できません。しばらく待ってからもう一度お試しください。続く場合は情報システム担当へご連絡ください。"
)
INCOMPLETE = _("職員IDとパスワードの両方を入力してください。")
CODE_MISSING = _("認証コードを入力してください。")
BEGIN_AGAIN = _("時間が経過したため、はじめからログインし直してください。")
SESSION_ENDED = _("一定時間操作がなかったか、ログアウトされたため、もう一度ログインしてください。")
THROTTLED = _("続けて失敗したため、ログインを一時停止しています。次の時刻より後にお試しください：")


def user_agent_of(request: web.Request) -> str:
    return request.headers.get("User-Agent", "")[:300]


async def show_login(request: web.Request) -> web.Response:
    if AUTHENTICATED in request:
        return see_other("/")
    message = None
    if "again" in request.query:
        message = BEGIN_AGAIN
    elif "ended" in request.query:
        message = SIGNED_OUT_TEXTS.get(request.query["ended"], SESSION_ENDED)
    return render(request, "login.html", error=None, until=None, message=message, login="")


def login_page(request: web.Request, status: int, error: str, *, login: str = "") -> web.Response:
    """The password step with what went wrong."""
    return render(request, "login.html", status=status, error=error, until=None, message=None, login=login)


def throttled_page(request: web.Request, template: str, outcome: Throttled, **context: object) -> web.Response:
    """Say until when the person has to wait."""
    until = format_time(language_of(request), outcome.until, request[TENANT].time_zone, with_seconds=True)
    return render(request, template, status=429, error=THROTTLED, until=until, message=None, **context)


async def submit_login(request: web.Request) -> web.Response:
    form = await read_form(request)
    login, password = form.get("login", "").strip(), form.get("password", "")
    if not login or not password:
        return login_page(request, 422, INCOMPLETE, login=login)
    attempt = PasswordAttempt(
        hostname=hostname_of(request),
        login=login,
        password=Secret(password),
        arrival=arrival_of(request),
        user_agent=user_agent_of(request),
    )
    match await services_of(request).signin.submit_password(attempt):
        case NeedFactor(pending):
            return next_step("/login/code", pending)
        case MustEnrol(pending):
            return next_step("/login/enrol", pending)
        case Throttled() as outcome:
            return throttled_page(request, "login.html", outcome, login=login)
        case DirectoryDown():
            return login_page(request, 503, DIRECTORY_DOWN, login=login)
        case UnknownTenant():
            return show_problem(request, Problem.UNKNOWN_HOST)


def next_step(path: str, pending: Secret) -> web.Response:
    """On to the step that this token opens."""
    response = see_other(path)
    set_cookie(response, Cookie.SIGNIN, pending)
    return response


async def show_code(request: web.Request) -> web.Response:
    if read_cookie(request, Cookie.SIGNIN) is None:
        return see_other("/login")
    return render(request, "code.html", error=None, until=None, message=None)


async def submit_code(request: web.Request) -> web.Response:
    pending = read_cookie(request, Cookie.SIGNIN)
    if pending is None:
        return see_other("/login?again=1")
    code = (await read_form(request)).get("code", "").strip()
    if not code:
        return render(request, "code.html", status=422, error=CODE_MISSING, until=None, message=None)
    attempt = CodeAttempt(pending=pending, code=code, arrival=arrival_of(request), user_agent=user_agent_of(request))
    match await services_of(request).signin.submit_code(attempt):
        case MustEnrol(token):
            return next_step("/login/enrol", token)
        case SignedIn() as outcome:
            page = see_other("/?recovery=1" if outcome.used_recovery_code else "/")
            return await enter(request, page, outcome)
        case MustChangePassword(pending=token):
            return next_step("/login/password", token)
        case Refused(may_retry=True):
            return render(request, "code.html", status=403, error=WRONG_CODE, until=None, message=None)
        case Refused():
            return begin_again(request)
        case Throttled() as throttled:
            return throttled_page(request, "code.html", throttled)


def begin_again(request: web.Request) -> web.Response:
    """The attempt is over: back to the password, with the one refusal for every cause."""
    response = login_page(request, 403, REFUSED)
    clear_cookies(response, Cookie.SIGNIN)
    return response


async def enter(request: web.Request, response: web.Response, outcome: SignedIn) -> web.Response:
    """Give the browser new cookies; those of the attempt end here, and so does what this browser was signed in as."""
    before = read_cookie(request, Cookie.SESSION)
    if before is not None:
        await services_of(request).people.sign_out(before)
    set_cookie(response, Cookie.SESSION, outcome.token)
    set_cookie(response, Cookie.TUNNEL, outcome.tunnel)
    if outcome.browser_mark is not None:
        set_cookie(response, Cookie.BROWSER, outcome.browser_mark)
    clear_cookies(response, Cookie.SIGNIN, Cookie.FORM)
    return response
