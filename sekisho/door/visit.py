"""One socket at the door: what it is doing, and the moment at which that has lasted too long."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol, cast

from aiohttp import StreamReader, web

from sekisho.door.limits import DoorLimits
from sekisho.door.roll import neighbourhood_of


class Phase(StrEnum):
    """HEAD and BODY: a request is on its way. BUSY: it is here, and ours to answer. IDLE: between two."""

    HEAD = "head"
    BODY = "body"
    BUSY = "busy"
    IDLE = "idle"


SILENT: Final = frozenset({Phase.HEAD, Phase.BODY, Phase.IDLE})


class Door(Protocol):
    """Whom a visit reports to."""

    limits: DoorLimits

    def let_in(self, visit: "Visit") -> web.RequestHandler | None: ...
    def note_phase(self, visit: "Visit") -> None: ...
    def note_gone(self, visit: "Visit") -> None: ...


class Visit(asyncio.Protocol):
    """Stands between the transport and aiohttp's protocol, which gets everything as it came."""

    def __init__(self, door: Door) -> None:
        self.address = ""
        self.phase = Phase.HEAD
        self.handler: web.RequestHandler | None = None
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._phase_end: asyncio.TimerHandle | None = None
        self._stall_end: asyncio.TimerHandle | None = None
        self._is_answered = False

    # --- the request, as aiohttp sees it

    def begin_request(self, body: StreamReader) -> None:
        """A head is complete. A body that has arrived with it is told at once."""
        self._is_answered = False
        self._enter(Phase.BODY)
        body.on_eof(self._end_body)

    def end_answer(self) -> None:
        """The answer is written."""
        self._is_answered = True
        if self.phase is Phase.BUSY:
            self._enter(Phase.IDLE)

    def _end_body(self) -> None:
        if self.phase is Phase.BODY:
            self._enter(Phase.IDLE if self._is_answered else Phase.BUSY)

    # --- the socket (asyncio.Protocol)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass, they only behave like one.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.address = neighbourhood_of(str(peer[0])) if peer else ""
        self.handler = self._door.let_in(self)
        if self.handler is None:
            self._transport.abort()
            return
        self._enter(Phase.HEAD)
        self.handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.handler is None:
            return
        if self.phase is Phase.IDLE:
            self._enter(Phase.HEAD)
        self.handler.data_received(data)

    def eof_received(self) -> bool | None:
        if self.handler is not None:
            self.handler.eof_received()
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        if self.handler is not None:
            self.handler.connection_lost(exc)

    def pause_writing(self) -> None:
        if self.handler is not None:
            self._stall_end = asyncio.get_running_loop().call_later(self._door.limits.stall_s, self.shut)
            self.handler.pause_writing()

    def resume_writing(self) -> None:
        if self._stall_end is not None:
            self._stall_end.cancel()
        if self.handler is not None:
            self.handler.resume_writing()

    def shut(self) -> None:
        """Close the socket at once; what was not written stays unwritten."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    # --- time

    def _enter(self, phase: Phase) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self.phase = phase
        if self._phase_end is not None:
            self._phase_end.cancel()
        limits = self._door.limits
        within_s: Mapping[Phase, float] = {
            Phase.HEAD: limits.head_s,
            Phase.BODY: limits.body_s,
            Phase.IDLE: limits.idle_s,
        }
        if phase in within_s:
            self._phase_end = asyncio.get_running_loop().call_later(within_s[phase], self.shut)
        self._door.note_phase(self)

    def _leave(self) -> None:
        for timer in (self._phase_end, self._stall_end):
            if timer is not None:
                timer.cancel()
        self._door.note_gone(self)
