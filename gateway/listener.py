"""Sockets before they say anything: how many there may be, and for how long they may stay silent."""

import asyncio
from typing import Final

from aiohttp import web

BACKLOG: Final = 1024


class _Closed(asyncio.Protocol):
    """Shuts what it is given."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class DoorKeeper:
    """Makes the server's protocols. A socket whose request is not complete in time is shut; so is one too many."""

    def __init__(self, *, max_silent: int, request_s: float) -> None:
        self._server: web.Server | None = None
        self._max_silent = max_silent
        self._request_s = request_s
        self._silent: set[web.RequestHandler] = set()

    def serve_with(self, runner: web.AppRunner) -> None:
        """Name the server that answers. Before that every socket is shut."""
        self._server = runner.server

    def __call__(self) -> asyncio.Protocol:
        """The protocol for a new socket (an asyncio protocol factory)."""
        if len(self._silent) >= self._max_silent:
            self._silent = {protocol for protocol in self._silent if protocol.connected}
        if self._server is None or len(self._silent) >= self._max_silent:
            return _Closed()
        protocol = self._server()
        self._silent.add(protocol)
        asyncio.get_running_loop().call_later(self._request_s, self._shut_if_silent, protocol)
        return protocol

    def note_spoken(self, request: web.Request) -> None:
        """The request is complete: from here on other limits hold."""
        self._silent.discard(request.protocol)

    def _shut_if_silent(self, protocol: web.RequestHandler) -> None:
        if protocol in self._silent:
            self._silent.discard(protocol)
            if protocol.transport is not None:
                protocol.transport.abort()


class WaitingRoom:
    """Sockets that were upgraded and have shown no valid ticket yet, in all and by address."""

    def __init__(self, *, max_waiting: int, max_per_address: int) -> None:
        self._max_waiting = max_waiting
        self._max_per_address = max_per_address
        self._by_address: dict[str, int] = {}
        self._waiting = 0

    def enter(self, address: str) -> bool:
        """Whether there is room for one more from this address; if so, it is counted."""
        here = self._by_address.get(address, 0)
        if self._waiting >= self._max_waiting or here >= self._max_per_address:
            return False
        self._by_address[address] = here + 1
        self._waiting += 1
        return True

    def leave(self, address: str) -> None:
        """One that had entered has gone, or has become a session."""
        self._waiting -= 1
        here = self._by_address[address] - 1
        if here:
            self._by_address[address] = here
        else:
            del self._by_address[address]
