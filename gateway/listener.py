"""Sockets before they are tunnels: how many there may be, and for how long they may take."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, cast

from aiohttp import web

from gateway.addresses import find_share
from gateway.allowance import Allowance
from gateway.settings import DoorLimits

BACKLOG: Final = 1024


def _nobody(_transport: asyncio.BaseTransport) -> bool:
    """Every socket is a client's own."""
    return False


class _Newcomer(asyncio.Protocol):
    """A socket whose address is not known yet."""

    def __init__(self, keeper: "DoorKeeper") -> None:
        self._keeper = keeper

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._keeper.receive(cast("asyncio.Transport", transport))


class _Guest:
    """A socket that the server attends to and that is no tunnel yet."""

    __slots__ = ("share", "timer", "transport")

    def __init__(self, transport: asyncio.Transport, share: str, timer: asyncio.TimerHandle) -> None:
        self.transport = transport
        self.share = share
        self.timer = timer


class DoorKeeper:
    """Makes the server's protocols and counts every socket until it is a tunnel or gone.

    A socket that is neither in time is shut. Where there are too many, the oldest one of the same address goes, or
    the oldest one of the address that holds most: a newcomer with an honest request is not turned away for others.
    An address that comes too often is not attended to at all.
    """

    def __init__(self, limits: DoorLimits, is_proxy: Callable[[asyncio.BaseTransport], bool] = _nobody) -> None:
        """``is_proxy``: whether a socket carries clients whose addresses are named later, by their requests."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._server: web.Server | None = None
        self._limits = limits
        self._is_proxy = is_proxy
        self._carried = 0
        self._arrivals = Allowance(each=limits.sockets_per_address, total=limits.sockets, now_s=loop.time())
        self._guests: dict[web.RequestHandler, _Guest] = {}

    def serve_with(self, runner: web.AppRunner) -> None:
        """Name the server that answers. Before that every socket is shut."""
        self._server = runner.server

    def __call__(self) -> asyncio.Protocol:
        """The protocol for a new socket (an asyncio protocol factory)."""
        return _Newcomer(self)

    def receive(self, transport: asyncio.Transport) -> None:
        """Hand a new socket to the server, or shut it."""
        share = self._find_share(transport)
        if self._server is None or share is None:
            transport.abort()
            return
        self._make_room(share)
        protocol = self._server()
        timer = self._loop.call_later(self._limits.request_s, self._shut, protocol)
        self._guests[protocol] = _Guest(transport, share, timer)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def _find_share(self, transport: asyncio.Transport) -> str | None:
        """Under which name a socket is counted; ``None`` when its address comes too often.

        Sockets of the proxy are nobody's until a request names its client, and are not counted against each other.
        """
        if self._is_proxy(transport):
            self._carried += 1
            return f"proxy {self._carried}"
        address = _read_address(transport)
        return find_share(address) if self.may_come(address) else None

    def may_come(self, address: str) -> bool:
        """Count one more arrival of this address; ``False`` when it comes too often."""
        return self._arrivals.take(address, self._loop.time())

    def let_in(self, request: web.Request) -> None:
        """It is a tunnel: from here on other limits hold."""
        guest = self._guests.pop(request.protocol, None)
        if guest is not None:
            guest.timer.cancel()

    def _make_room(self, share: str) -> None:
        """For one more of this address. Guests are kept in the order in which they came."""
        mine = [protocol for protocol, guest in self._guests.items() if guest.share == share]
        if len(mine) < self._limits.max_silent_per_address and len(self._guests) < self._limits.max_silent:
            return
        for protocol in [protocol for protocol, guest in self._guests.items() if guest.transport.is_closing()]:
            self._shut(protocol)
        mine = [protocol for protocol in mine if protocol in self._guests]
        if len(mine) >= self._limits.max_silent_per_address:
            self._shut(mine[0])
        elif len(self._guests) >= self._limits.max_silent:
            self._shut(self._find_oldest_of_the_greediest())

    def _find_oldest_of_the_greediest(self) -> web.RequestHandler:
        held = Counter(guest.share for guest in self._guests.values())
        greediest, _ = held.most_common(1)[0]
        return next(protocol for protocol, guest in self._guests.items() if guest.share == greediest)

    def _shut(self, protocol: web.RequestHandler) -> None:
        guest = self._guests.pop(protocol, None)
        if guest is not None:
            guest.timer.cancel()
            guest.transport.abort()


def _read_address(transport: asyncio.Transport) -> str:
    peer = cast("tuple[object, ...] | None", transport.get_extra_info("peername"))
    return str(peer[0]) if peer else ""


class WaitingRoom:
    """Sockets that were upgraded and have shown no valid ticket yet, in all and by address."""

    def __init__(self, *, max_waiting: int, max_per_address: int) -> None:
        self._max_waiting = max_waiting
        self._max_per_address = max_per_address
        self._by_address: dict[str, int] = {}
        self._waiting = 0

    def enter(self, address: str) -> bool:
        """Whether there is room for one more from this address; if so, it is counted."""
        share = find_share(address)
        here = self._by_address.get(share, 0)
        if self._waiting >= self._max_waiting or here >= self._max_per_address:
            return False
        self._by_address[share] = here + 1
        self._waiting += 1
        return True

    def leave(self, address: str) -> None:
        """One that had entered has gone, or has become a session."""
        self._waiting -= 1
        share = find_share(address)
        here = self._by_address[share] - 1
        if here:
            self._by_address[share] = here
        else:
            del self._by_address[share]
