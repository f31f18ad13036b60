"""Through which entrance a request came: told by the listener that it reached, never by a header of a client."""

from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from broker.model.arrival import Arrival
from broker.network_settings import PORTAL_ENTRANCE, PortalSettings
from web.cookies import Cookie, read_cookie
from web.errors import show_problem
from web.problems import Problem


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """The site as people see it from one entrance. ``hostname``: the only one there; empty: any of a tenant's."""

    public_url: str = ""
    tunnel_url: str = ""
    hostname: str = ""

    @property
    def is_encrypted(self) -> bool:
        return urlsplit(self.public_url).scheme == "https"


class Arrived(msgspec.Struct, frozen=True):
    """An entrance vouches for the request."""

    arrival: Arrival
    front: Front


class Unvouched(msgspec.Struct, frozen=True):
    """Nobody vouches for the request, or not for where it comes from. ``why`` is one of a fixed few."""

    why: str


class Entrance(Protocol):
    """What stands between people and an application."""

    async def meet(self, request: web.Request) -> Arrived | Unvouched:
        """How this request came in; a refusal has been audited."""
        ...


class PortalEntrance:
    """The broker's own listener: nobody stands before it who could vouch for a client's address or certificate."""

    def __init__(self, settings: PortalSettings) -> None:
        self._place = settings.place
        self._front = Front(public_url=settings.public_url, tunnel_url=settings.tunnel_url)

    async def meet(self, request: web.Request) -> Arrived | Unvouched:
        return Arrived(Arrival(entrance=PORTAL_ENTRANCE, address=request.remote or "", place=self._place), self._front)


ENTRANCE: Final[web.AppKey[Entrance]] = web.AppKey("entrance")
ARRIVAL: Final = web.RequestKey("arrival", Arrival)
FRONT: Final = web.RequestKey("front", Front)
_NO_FRONT: Final = Front()


@web.middleware
async def know_arrival(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note how the request came in, before anybody asks who it is."""
    match await request.app[ENTRANCE].meet(request):
        case Arrived(arrival, front):
            mark = read_cookie(request, Cookie.BROWSER)
            request[ARRIVAL], request[FRONT] = msgspec.structs.replace(arrival, browser_mark=mark), front
            return await handler(request)
        case Unvouched():
            response = show_problem(request, Problem.ORIGIN_UNKNOWN)
            response.force_close()
            return response


def arrival_of(request: web.Request) -> Arrival:
    return request[ARRIVAL]


def address_of(request: web.Request) -> str:
    """Where the request comes from, as its entrance saw it."""
    return arrival_of(request).address


def front_of(request: web.Request) -> Front:
    """The site's addresses at the entrance that the request came in by; empty ones before that is known."""
    front: Front = request.get(FRONT, _NO_FRONT)
    return front
