"""Who asks, and whether they may go further."""

from aiohttp import web
from aiohttp.typedefs import Handler

from broker.policy.administration import may_enter_console
from broker.signin.records import Authenticated, SignedOut
from web.arrival import address_of, arrival_of
from web.cookies import Cookie, clear_cookies, read_cookie
from web.errors import API_PREFIX, show_problem
from web.forms import see_other
from web.problems import Problem
from web.reasons import SIGNED_OUT_TEXTS
from web.routes import is_console, is_public, is_static
from web.visitor import ACTOR, AUTHENTICATED, TENANT, make_actor, services_of


@web.middleware
async def require_signin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks. Nobody goes further without a valid session cookie, except on public routes."""
    token = read_cookie(request, Cookie.SESSION)
    auth = None
    if token is not None and not is_static(request):
        auth = await services_of(request).signin.authenticate(token, arrival_of(request))
    if isinstance(auth, Authenticated) and auth.user.tenant_id == request[TENANT].id:
        request[AUTHENTICATED] = auth
        request[ACTOR] = make_actor(auth, address_of(request))
    elif not is_public(request):
        return _send_to_door(request, auth, had_cookie=token is not None)
    if is_console(request) and isinstance(auth, Authenticated) and auth.withheld_roles:
        return _ask_for_passkey(request)
    if is_console(request) and not may_enter_console(request[ACTOR].roles):
        return show_problem(request, Problem.NOT_ALLOWED)
    return await handler(request)


def _ask_for_passkey(request: web.Request) -> web.StreamResponse:
    """A role asks for a passkey, and this session has shown none: to the page where one is enrolled, or shown."""
    if request.path.startswith(API_PREFIX):
        return show_problem(request, Problem.PASSKEY_REQUIRED)
    return see_other("/factors?for=console")


def _send_to_door(
    request: web.Request, who: Authenticated | SignedOut | None, *, had_cookie: bool
) -> web.StreamResponse:
    cause = who.cause.value if isinstance(who, SignedOut) else "1"
    if request.path.startswith("/api/"):
        return show_problem(request, Problem.NOT_SIGNED_IN, detail=SIGNED_OUT_TEXTS.get(cause, ""))
    response = web.Response(status=303, headers={"Location": f"/login?ended={cause}" if had_cookie else "/login"})
    if had_cookie:
        clear_cookies(response, Cookie.SESSION, Cookie.TUNNEL)
    return response
