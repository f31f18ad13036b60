"""Every page of the console says so while an emergency administrator counts."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from web.routes import is_console
from web.visitor import AUTHENTICATED, EMERGENCIES, TENANT, services_of

_PAGES: Final = "/console"


@web.middleware
async def note_emergencies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """For those who are signed in and see the console; the API has a list of its own."""
    if AUTHENTICATED in request and is_console(request) and request.path.startswith(_PAGES):
        request[EMERGENCIES] = tuple(await services_of(request).accounts.emergencies(request[TENANT].id))
    return await handler(request)
