"""The host name decides the tenant. A name that nobody is served under gets a page that says so."""

from aiohttp import web
from aiohttp.typedefs import Handler

from web.arrival import front_of
from web.cookies import Cookie, read_cookie
from web.errors import show_problem
from web.problems import Problem
from web.routes import is_public, is_static
from web.visitor import TENANT, services_of


def hostname_of(request: web.Request) -> str:
    """The name in the Host header: lower case, without port, without the dot of a full name."""
    host = request.host
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[").lower()
    return host.partition(":")[0].removesuffix(".").lower()


@web.middleware
async def find_tenant(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every request belongs to a tenant, or ends here (421, RFC 9110)."""
    if not is_static(request):
        hostname = hostname_of(request)
        tenants = services_of(request).tenants
        is_stranger = is_public(request) and read_cookie(request, Cookie.SESSION) is None
        tenant = await (tenants.find_for_stranger if is_stranger else tenants.find_by_hostname)(hostname)
        if tenant is None or front_of(request).hostname not in {"", hostname}:
            return show_problem(request, Problem.UNKNOWN_HOST)
        request[TENANT] = tenant
    return await handler(request)
