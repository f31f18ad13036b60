"""No unsafe request without proof that one of our own pages sent it.

Two checks, each of which holds alone: where the browser says that the request comes from (``Origin``,
``Sec-Fetch-Site``), and a token that only our pages know.
"""

import hmac
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from broker.secret import new_token
from web.arrival import front_of
from web.cookies import Cookie, read_cookie, set_cookie
from web.errors import show_problem
from web.form_token import FIELD, FORM_SECRET, csrf_token
from web.problems import Problem
from web.routes import is_public, is_static, route_pattern

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER: Final = "X-CSRF-Token"
_FORM: Final = "application/x-www-form-urlencoded"


def is_own_origin(request: web.Request, public_url: str) -> bool:
    """Whether the browser names one of our pages as the sender. Neither header: nobody vouches, so no."""
    origin = request.headers.get("Origin")
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if origin is None and fetch_site is None:
        return False
    public = urlsplit(public_url)
    # The Host header was checked against the tenants' names before.
    own = {f"{public.scheme}://{public.netloc}", f"{public.scheme}://{request.host}"}
    return fetch_site in {None, "same-origin"} and (origin is None or origin in own)


async def _sent_token(request: web.Request) -> str:
    if HEADER in request.headers:
        return request.headers[HEADER]
    if request.content_type != _FORM:
        return ""
    sent = (await request.post()).get(FIELD, "")
    return sent if isinstance(sent, str) else ""


@web.middleware
async def refuse_forgery(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Check unsafe requests; give a browser before its sign-in the cookie that its forms rest on."""
    known = read_cookie(request, Cookie.FORM)
    request[FORM_SECRET] = known or new_token()
    # Without a route no handler runs, and there is nothing to forge.
    if request.method not in SAFE_METHODS and route_pattern(request) is not None:
        expected = csrf_token(request)
        sent = await _sent_token(request)
        is_known = bool(expected) and hmac.compare_digest(sent.encode(), expected.encode())
        if not (is_known and is_own_origin(request, front_of(request).public_url)):
            return show_problem(request, Problem.CSRF_REFUSED)
    response = await handler(request)
    if known is None and is_public(request) and not is_static(request):
        set_cookie(response, Cookie.FORM, request[FORM_SECRET])
    return response
