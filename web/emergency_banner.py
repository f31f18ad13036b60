"""Every page of the console says so while an emergency administrator counts."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from broker.model.accounts import LocalAccount
from web.errors import API_PREFIX
from web.routes import is_console
from web.visitor import AUTHENTICATED, TENANT, services_of

EMERGENCIES: Final = web.RequestKey("emergencies", tuple[LocalAccount, ...])


@web.middleware
async def note_emergencies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """For those who are signed in and see the console; the API has a list of its own."""
    if AUTHENTICATED in request and is_console(request) and not request.path.startswith(API_PREFIX):
        request[EMERGENCIES] = tuple(await services_of(request).accounts.emergencies(request[TENANT].id))
    return await handler(request)
