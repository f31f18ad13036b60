"""Sign-out, and the choice of language."""

from typing import Final

from aiohttp import web

from web.arrival import front_of
from web.cookies import Cookie, clear_cookies, read_cookie, set_language
from web.forms import local_path, read_query, see_other
from web.language import Language
from web.visitor import services_of, signed_in

_NOTHING_LEFT: Final = '"cache", "storage"'


def _leave() -> web.Response:
    response = see_other("/login")
    clear_cookies(response, Cookie.SESSION, Cookie.TUNNEL, Cookie.SIGNIN, Cookie.FORM)
    # Nothing of the visit stays in the browser (Clear-Site-Data, W3C).
    response.headers["Clear-Site-Data"] = _NOTHING_LEFT
    return response


async def sign_out(request: web.Request) -> web.Response:
    token = read_cookie(request, Cookie.SESSION)
    if token is not None:
        await services_of(request).people.sign_out(token)
    return _leave()


async def sign_out_everywhere(request: web.Request) -> web.Response:
    await services_of(request).people.sign_out_everywhere(signed_in(request))
    return _leave()


async def choose_language(request: web.Request) -> web.Response:
    """Remember the language and go back to where the person was."""
    response = see_other(local_path(read_query(request, "back")))
    code = request.match_info["code"]
    if code in set(Language):
        set_language(response, Language(code), is_secure=front_of(request).is_encrypted)
    return response
