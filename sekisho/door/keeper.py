"""Lets sockets in, and shows the oldest silent ones out when there are too many."""

import asyncio
import logging
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.typedefs import Handler

from sekisho.door.limits import DoorLimits
from sekisho.door.roll import SilentRoll
from sekisho.door.visit import SILENT, Visit

_log = structlog.get_logger(__name__)
_SAY_EVERY_S: Final = 60.0
_LINGER_S: Final = 5.0


class DoorKeeper:
    """An asyncio protocol factory in front of aiohttp's server.

    A socket too many costs the address with the most silent sockets its oldest one; only when nobody is silent
    is the newcomer refused. Nobody's request is cut off for somebody else's.
    """

    def __init__(self, limits: DoorLimits) -> None:
        self.limits = limits
        self._server: web.Server | None = None
        self._open: set[Visit] = set()
        self._by_handler: dict[web.RequestHandler, Visit] = {}
        self._silent: SilentRoll[Visit] = SilentRoll()
        self._shed = 0
        self._say_next_at = 0.0

    def make_runner(self, application: web.Application, *, shutdown_timeout: float) -> web.AppRunner:
        """The application's runner, which tells this keeper when requests come and are answered."""
        application.middlewares.insert(0, _watch_heads(self))
        return web.AppRunner(
            application,
            access_log=logging.getLogger(__name__),
            access_log_class=_watch_answers(self),
            keepalive_timeout=self.limits.idle_s,
            lingering_time=_LINGER_S,
            shutdown_timeout=shutdown_timeout,
        )

    def serve_with(self, runner: web.AppRunner) -> None:
        """Name the server that answers. Before that every socket is shut."""
        self._server = runner.server

    def __call__(self) -> Visit:
        return Visit(self)

    @property
    def open_sockets(self) -> int:
        return len(self._open)

    # --- what visits report

    def let_in(self, visit: Visit) -> web.RequestHandler | None:
        """aiohttp's protocol for a new socket; None when there is no room for it."""
        if self._server is None:
            return None
        if len(self._open) >= self.limits.max_sockets and not self._show_out(self._silent.oldest_of_greediest()):
            self._note_shed()
            return None
        handler = self._server()
        self._open.add(visit)
        self._by_handler[handler] = visit
        return handler

    def note_phase(self, visit: Visit) -> None:
        if visit.phase not in SILENT:
            self._silent.drop(visit.address, visit)
            return
        self._silent.add(visit.address, visit)
        if self._silent.count(visit.address) > self.limits.max_silent_per_address:
            self._show_out(self._silent.oldest_of(visit.address))

    def note_gone(self, visit: Visit) -> None:
        self._open.discard(visit)
        self._silent.drop(visit.address, visit)
        if visit.handler is not None:
            self._by_handler.pop(visit.handler, None)

    # --- what aiohttp reports

    def find_visit(self, request: web.BaseRequest) -> Visit | None:
        """The visit that a request came by; None when its socket is gone."""
        return self._by_handler.get(request.protocol)

    def _show_out(self, visit: Visit | None) -> bool:
        if visit is None:
            return False
        visit.shut()
        self._note_shed()
        return True

    def _note_shed(self) -> None:
        """One line a minute, however many there were."""
        self._shed += 1
        now = asyncio.get_running_loop().time()
        if now >= self._say_next_at:
            _log.warning("door.sockets_shed", count=self._shed, open=len(self._open))
            self._say_next_at, self._shed = now + _SAY_EVERY_S, 0


def _watch_heads(keeper: DoorKeeper) -> Any:
    @web.middleware
    async def watch_heads(request: web.Request, handler: Handler) -> web.StreamResponse:
        visit = keeper.find_visit(request)
        if visit is not None:
            visit.begin_request(request.content)
        return await handler(request)

    return watch_heads


def _watch_answers(keeper: DoorKeeper) -> type[AbstractAccessLogger]:
    """aiohttp calls its access log when an answer is written, and nothing else at that moment."""

    class Answers(AbstractAccessLogger):
        def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
            del response, time
            visit = keeper.find_visit(request)
            if visit is not None:
                visit.end_answer()

    return Answers
