"""Who asks, and whether they may go further."""

from aiohttp import web
from aiohttp.typedefs import Handler

from broker.policy.administration import may_enter_console
from web.cookies import Cookie, clear_cookies, read_cookie
from web.errors import show_problem
from web.problems import Problem
from web.routes import is_console, is_public, is_static
from web.visitor import ACTOR, AUTHENTICATED, TENANT, address_of, make_actor, services_of


@web.middleware
async def require_signin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks. Nobody goes further without a valid session cookie, except on public routes."""
    token = read_cookie(request, Cookie.SESSION)
    auth = None
    if token is not None and not is_static(request):
        auth = await services_of(request).signin.authenticate(token, address=address_of(request))
    if auth is not None and auth.user.tenant_id != request[TENANT].id:
        auth = None
    if auth is not None:
        request[AUTHENTICATED] = auth
        request[ACTOR] = make_actor(auth, address_of(request))
    elif not is_public(request):
        return _send_to_door(request, had_cookie=token is not None)
    if is_console(request) and not may_enter_console(request[ACTOR].roles):
        return show_problem(request, Problem.NOT_ALLOWED)
    return await handler(request)


def _send_to_door(request: web.Request, *, had_cookie: bool) -> web.StreamResponse:
    if request.path.startswith("/api/"):
        return show_problem(request, Problem.NOT_SIGNED_IN)
    response = web.Response(status=303, headers={"Location": "/login?ended=1" if had_cookie else "/login"})
    if had_cookie:
        clear_cookies(response, Cookie.SESSION, Cookie.TUNNEL)
    return response
