"""The portal's cookies. Each ``__Host-`` cookie is Secure, HttpOnly, without a domain, on ``/`` (RFC 6265bis)."""

from enum import StrEnum
from typing import Final

from aiohttp import web

from broker.secret import Secret
from web.language import LANGUAGE_COOKIE, Language

_BROWSER_AGE_S: Final = 400 * 24 * 3600
"""As long as browsers keep a cookie at most; how long the mark counts is the server's to say."""
_LANGUAGE_AGE_S: Final = 365 * 24 * 3600


class Cookie(StrEnum):
    """Names. ``FORM`` backs the CSRF token of forms before sign-in; ``TUNNEL`` alone reaches the gateway; ``BROWSER``
    tells a browser in which somebody has signed in from a stranger's, and opens nothing."""

    SESSION = "__Host-sekisho_session"
    TUNNEL = "__Host-sekisho_tunnel"
    SIGNIN = "__Host-sekisho_signin"
    FORM = "__Host-sekisho_form"
    BROWSER = "__Host-sekisho_browser"


_SAME_SITE: Final = {
    Cookie.SESSION: "Lax",
    Cookie.TUNNEL: "Strict",
    Cookie.SIGNIN: "Strict",
    Cookie.FORM: "Lax",
    Cookie.BROWSER: "Lax",
}


def read_cookie(request: web.Request, cookie: Cookie) -> Secret | None:
    """The cookie's value; ``None`` when it is missing or empty."""
    value = request.cookies.get(cookie, "")
    return Secret(value) if value else None


def set_cookie(response: web.StreamResponse, cookie: Cookie, value: Secret) -> None:
    """Give out a cookie for the life of the browser's window (``BROWSER``: beyond it); its expiry is the server's."""
    max_age = _BROWSER_AGE_S if cookie is Cookie.BROWSER else None
    same_site = _SAME_SITE[cookie]
    response.set_cookie(
        cookie, value.reveal(), max_age=max_age, path="/", secure=True, httponly=True, samesite=same_site
    )


def clear_cookies(response: web.StreamResponse, *cookies: Cookie) -> None:
    for cookie in cookies:
        response.del_cookie(cookie, path="/", secure=True, httponly=True, samesite=_SAME_SITE[cookie])


def set_language(response: web.StreamResponse, language: Language, *, is_secure: bool) -> None:
    response.set_cookie(
        LANGUAGE_COOKIE,
        language,
        path="/",
        max_age=_LANGUAGE_AGE_S,
        secure=is_secure,
        httponly=True,
        samesite="Lax",
    )
