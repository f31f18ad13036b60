"""Which routes need what. Sign-in is the default: the table lists the exceptions, not the rule."""

from typing import Final

from aiohttp import web

STATIC_ROUTE: Final = "/static"

PUBLIC_ROUTES: Final = frozenset(
    {
        "/login",
        "/login/code",
        "/login/passkey",
        "/login/passkey/options",
        "/login/enrol/passkey",
        "/login/enrol/passkey/options",
        "/login/enrol",
        "/login/password",
        "/help",
        "/language/{code}",
        STATIC_ROUTE,
        "/api/v1/openapi.json",
    }
)
"""Every route that answers without sign-in, by the pattern that it is registered under."""

CONSOLE_PREFIXES: Final = ("/console", "/api/v1/admin")


def route_pattern(request: web.Request) -> str | None:
    """The pattern that the request's path matched; ``None`` where there is no such route."""
    resource = request.match_info.route.resource
    return None if resource is None else resource.canonical


def is_static(request: web.Request) -> bool:
    """Whether the path matched the route of files: ``/static/../x`` begins like one and is none."""
    return route_pattern(request) == STATIC_ROUTE


def is_public(request: web.Request) -> bool:
    """Whether the route answers everybody; so do paths that lead nowhere."""
    pattern = route_pattern(request)
    return pattern is None or pattern in PUBLIC_ROUTES


def is_console(request: web.Request) -> bool:
    pattern = route_pattern(request) or ""
    return pattern.startswith(CONSOLE_PREFIXES)
