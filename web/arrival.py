"""Through which entrance a request came: told by the listener that it reached, never by a header of a client."""

from typing import Final, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from broker.model.arrival import Arrival
from broker.network_settings import PORTAL_ENTRANCE
from broker.settings import PortalSettings


class Entrance(Protocol):
    """What stands between people and an application."""

    def arrival_of(self, request: web.Request) -> Arrival:
        """How this request came in."""
        ...


class PortalEntrance:
    """The broker's own listener: nobody stands before it who could vouch for a client's address or certificate."""

    def __init__(self, settings: PortalSettings) -> None:
        self._place = settings.place

    def arrival_of(self, request: web.Request) -> Arrival:
        return Arrival(entrance=PORTAL_ENTRANCE, address=request.remote or "", place=self._place)


ENTRANCE: Final[web.AppKey[Entrance]] = web.AppKey("entrance")
ARRIVAL: Final = web.RequestKey("arrival", Arrival)


@web.middleware
async def know_arrival(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note how the request came in, before anybody asks who it is."""
    request[ARRIVAL] = request.app[ENTRANCE].arrival_of(request)
    return await handler(request)


def arrival_of(request: web.Request) -> Arrival:
    return request[ARRIVAL]


def address_of(request: web.Request) -> str:
    """Where the request comes from, as its entrance saw it."""
    return arrival_of(request).address
