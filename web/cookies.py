"""The portal's cookies. Each ``__Host-`` cookie is Secure, HttpOnly, without a domain, on ``/`` (RFC 6265bis)."""

from enum import StrEnum
from typing import Final

from aiohttp import web

from broker.secret import Secret
from web.language import LANGUAGE_COOKIE, Language

_LANGUAGE_AGE_S: Final = 365 * 24 * 3600


class Cookie(StrEnum):
    """Names. ``FORM`` backs the CSRF token of forms before sign-in; ``TUNNEL`` alone reaches the gateway."""

    SESSION = "__Host-sekisho_session"
    TUNNEL = "__Host-sekisho_tunnel"
    SIGNIN = "__Host-sekisho_signin"
    FORM = "__Host-sekisho_form"


_SAME_SITE: Final = {Cookie.SESSION: "Lax", Cookie.TUNNEL: "Strict", Cookie.SIGNIN: "Strict", Cookie.FORM: "Lax"}


def read_cookie(request: web.Request, cookie: Cookie) -> Secret | None:
    """The cookie's value; ``None`` when it is missing or empty."""
    value = request.cookies.get(cookie, "")
    return Secret(value) if value else None


def set_cookie(response: web.StreamResponse, cookie: Cookie, value: Secret) -> None:
    """Give out a cookie for the life of the browser's window; its real expiry is the server's."""
    response.set_cookie(cookie, value.reveal(), path="/", secure=True, httponly=True, samesite=_SAME_SITE[cookie])


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
