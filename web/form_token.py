"""The token that our pages send back with every unsafe request."""

import hashlib
from typing import Final

from aiohttp import web

from broker.secret import Secret
from web.routes import is_public
from web.visitor import AUTHENTICATED

FIELD: Final = "csrf_token"
FORM_SECRET: Final = web.RequestKey("form_secret", Secret)


def form_token(secret: Secret) -> str:
    """The token of forms before sign-in, made from their cookie; it tells nothing about the cookie."""
    return hashlib.sha256(b"form:" + secret.reveal().encode()).hexdigest()


def csrf_token(request: web.Request) -> str:
    """The token that forms and scripts of this page send back."""
    if not is_public(request) and AUTHENTICATED in request:
        return request[AUTHENTICATED].session.csrf_token
    return form_token(request[FORM_SECRET]) if FORM_SECRET in request else ""
