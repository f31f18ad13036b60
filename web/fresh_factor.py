"""Administrators show a second factor again before they change something: a console that was left open, or a cookie
that was copied, changes nothing.

Every unsafe request to the console and its API is asked, but for what is listed here with its reason. The command line
comes over the socket of the broker's host, where root acts without anybody's sign-in; what wants a person there
(``--as``) signs in for that one call.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from web.api.operation import API_ROOT
from web.routes import is_console, route_pattern
from web.step_up import require_fresh_factor

FRESH_FACTOR_S: Final = web.AppKey("fresh_factor_s", int)

_EVERY_DAY: Final = "everyday work that nothing becomes looser by, undone by the same button"
_NO_CHANGE: Final = "changes nothing"
_CUTS: Final = "ends what is open; whoever may go on opens it again"
_SOONER: Final = "asks the directory now instead of later"
EXEMPT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/console/pools/{pool_id}/{gate}": _EVERY_DAY,
        "/console/pools/{pool_id}/desktops/{desktop_id}/repair": _EVERY_DAY,
        "/console/sessions/{session_id}/terminate": _CUTS,
        "/console/directory/{directory}/sync": _SOONER,
        "/console/rules/rehearse": _NO_CHANGE,
        f"{API_ROOT}/admin/pools/{{pool_id}}/open": _EVERY_DAY,
        f"{API_ROOT}/admin/pools/{{pool_id}}/close": _EVERY_DAY,
        f"{API_ROOT}/admin/desktops/{{desktop_id}}/repair": _EVERY_DAY,
        f"{API_ROOT}/admin/sessions/{{session_id}}/terminate": _CUTS,
        f"{API_ROOT}/admin/directory/sync": _SOONER,
        f"{API_ROOT}/admin/policy/rehearse": _NO_CHANGE,
        f"{API_ROOT}/admin/rules/rehearse": _NO_CHANGE,
    }
)
"""Patterns of unsafe routes that ask for no fresh factor, and why."""

FORMS: Final = frozenset(
    {
        "/console/people/{user_id}/{measure}",
        "/console/people/{user_id}/passkeys/{passkey_id}/remove",
        "/console/people/{user_id}/{factor_measure}",
        "/console/local-accounts/new",
        "/console/local-accounts/{user_id}/{account_measure}",
        "/console/devices/enrol",
        "/console/devices/{device_id}/renew",
        "/console/devices/{device_id}/revoke",
        "/console/exceptions/new",
        "/console/mode/confirm",
    }
)
"""Pages that are nothing but a form: asked before it is filled in, so that nothing typed is lost."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def wants_fresh_factor(request: web.Request) -> bool:
    pattern = route_pattern(request)
    if pattern is None or not is_console(request):
        return False
    return pattern in FORMS if request.method in _SAFE else pattern not in EXEMPT


@web.middleware
async def ask_fresh_factor(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lead to the page of step-up, and from there back to the page that the form is on."""
    if wants_fresh_factor(request):
        asked = require_fresh_factor(request, request.app[FRESH_FACTOR_S], next_path=page_of(request))
        if asked is not None:
            return asked
    return await handler(request)


def page_of(request: web.Request) -> str:
    """The page that holds the form of this request."""
    if request.method in _SAFE:
        return request.rel_url.raw_path_qs
    pages = pages_of(request.app)
    pattern, path = route_pattern(request) or "", request.rel_url.raw_path
    while pattern and pattern not in pages:
        pattern, path = pattern.rpartition("/")[0], path.rpartition("/")[0]
    return path or "/console"


def pages_of(app: web.Application) -> frozenset[str]:
    """Patterns of everything that can be looked at."""
    return frozenset(
        route.resource.canonical for route in app.router.routes() if route.method == "GET" and route.resource
    )
