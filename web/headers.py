"""Security headers of every answer. Scripts and styles come from the portal's own files alone."""

import secrets
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from web.arrival import front_of
from web.routes import is_static, route_pattern
from web.visitor import REQUEST_ID

SESSION_PREFIX: Final = "/sessions/"
SESSION_PAGE: Final = "/sessions/{session_id}"
_HSTS_AGE_S: Final = 365 * 24 * 3600

_FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=(), hid=(),"
        " midi=(), payment=(), clipboard-read=(), clipboard-write=(), fullscreen=(self)"
    ),
}


def referrer_policy(request: web.Request) -> str:
    """No other site ever learns an address of ours; the page that holds a desktop, and its files, tell nobody at all.

    Not so the pages with forms: a browser would send ``Origin: null`` with every one of them, and the check of where
    forms come from would rest on one header instead of two.
    """
    is_silent = is_static(request) or route_pattern(request) == SESSION_PAGE
    return "no-referrer" if is_silent else "same-origin"


def content_policy(path: str, tunnel_url: str) -> str:
    """The content security policy (CSP level 3). Only the session page may reach the tunnel and draw images
    that it decoded itself."""
    connect, images = "'self'", "'self'"
    if path.startswith(SESSION_PREFIX) and tunnel_url:
        tunnel = urlsplit(tunnel_url)
        connect = f"'self' {tunnel.scheme}://{tunnel.netloc}"
        images = "'self' data: blob:"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {images}",
            "font-src 'self'",
            f"connect-src {connect}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


@web.middleware
async def add_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost middleware: name the request, answer it, and send no answer without these headers."""
    request[REQUEST_ID] = secrets.token_hex(8)
    with structlog.contextvars.bound_contextvars(request_id=request[REQUEST_ID]):
        response = await handler(request)
    front = front_of(request)
    response.headers.update(_FIXED)
    response.headers["Content-Security-Policy"] = content_policy(request.path, front.tunnel_url)
    response.headers["Referrer-Policy"] = referrer_policy(request)
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    is_file = is_static(request) and response.status in {200, 206, 304}
    response.headers["Cache-Control"] = "no-cache" if is_file else "no-store"
    if front.is_encrypted:
        response.headers["Strict-Transport-Security"] = f"max-age={_HSTS_AGE_S}; includeSubDomains"
    return response
