"""Desktops whose browser is gone: the gateway stays their guacd's user, so that work goes on until somebody is back.

A guacd connection ends with its last user, and freezes for all of them when one does not read. So a kept one reads
everything, acknowledges every frame, and says ``nop`` when there is nothing else to say.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Final

import msgspec
import structlog

from broker.model.ids import AttachmentId, SessionId
from broker.model.reasons import EndReason
from broker.wire.messages import ConnectionSpec, GuacdSeat
from gateway.errors import ProtocolViolation
from gateway.guacd import Opened
from gateway.limits import RelayLimits, find_exceeded
from gateway.protocol import InstructionReader, encode_instruction
from gateway.relay import Relay
from gateway.status import classify_guacd_status

HANDOVER_S: Final = 5.0
"""How long the user of a session that goes on elsewhere stays: until the new one has surely joined."""
LINE_LOST: Final = frozenset({EndReason.CLIENT_CLOSED, EndReason.CLIENT_SILENT})
_NOP: Final = b"3.nop;"

_log: Final = structlog.get_logger(__name__)


class Kept:
    """One guacd user without a browser. ``hold`` is let go of with it."""

    def __init__(self, spec: ConnectionSpec, relay: Relay, opened: Opened, seat: GuacdSeat, hold: ExitStack) -> None:
        self.spec = spec
        self.seat = seat
        self.relay: Relay | None = relay
        """Whose numbers count for the attachment of ``spec``; none after another has taken it on."""
        self.on_over: Callable[[EndReason], None] = lambda _reason: None
        """Called once, when guacd ends it."""
        self._clocks_of = relay
        self._guacd = opened.connection
        self._hold = hold
        self._loop = asyncio.get_running_loop()
        self._reader = InstructionReader()
        self._reader.feed(relay.part())
        self._heard_s = self._told_s = self._loop.time()
        self._guacd.on_data = self._take
        self._guacd.on_lost = lambda: self.on_over(EndReason.GUACD_CLOSED)
        self._guacd.resume_reading()

    @property
    def is_lost(self) -> bool:
        return self._guacd.is_lost

    def adopt(self, spec: ConnectionSpec) -> None:
        """It is kept for a later attachment of the same session from now on."""
        self.spec = spec
        self.relay = None

    def leave(self) -> None:
        """Stop being guacd's user."""
        self.on_over = lambda _reason: None
        self._guacd.on_data = lambda _data: None
        self._guacd.on_lost = lambda: None
        self._guacd.say_goodbye()
        self._hold.close()

    def find_end(self, now: datetime, broker_heard_s: float, limits: RelayLimits) -> EndReason | None:
        """Once a second: a limit that is exceeded, and a sign of life for guacd."""
        clock = self._loop.time()
        if clock - self._told_s >= limits.nop_after_s:
            self._tell(_NOP)
        clocks = msgspec.structs.replace(
            self._clocks_of.read_clocks(now, clock, broker_heard_s),
            browser_s=0.0,
            stalled_s=0.0,
            guacd_s=clock - self._heard_s,
            is_guacd_read=True,
        )
        return find_exceeded(self.spec, limits, clocks)

    def _take(self, data: bytes) -> None:
        self._heard_s = self._loop.time()
        try:
            self._reader.feed(data)
            frame = self._read_frame()
        except ProtocolViolation:
            self.on_over(EndReason.GUACD_MISBEHAVED)
            return
        if frame:
            self._tell(encode_instruction("sync", frame.decode("ascii", "replace")))

    def _read_frame(self) -> bytes:
        """Read on to the end; the timestamp of the newest frame, if one ended. Raises :class:`ProtocolViolation`."""
        frame = b""
        while (elements := self._reader.next()) is not None:
            match elements[0]:
                case b"sync" if len(elements) > 1 and elements[1].isdigit():
                    frame = elements[1]
                case b"disconnect":
                    self.on_over(EndReason.GUACD_CLOSED)
                case b"error":
                    status = elements[2] if len(elements) == 3 and elements[2].isdigit() else b"0"
                    self.on_over(classify_guacd_status(int(status)))
                case _:
                    pass
        return frame

    def _tell(self, instruction: bytes) -> None:
        self._guacd.write(instruction)
        self._told_s = self._loop.time()


class _Place(msgspec.Struct):
    """A kept one, until when, and why it ends then. ``is_parked``: the books count it as an attachment."""

    kept: Kept
    is_parked: bool
    until_s: float
    reason: EndReason


class Keeper:
    """Every kept one of this process, one for each session at most.

    ``on_end`` tells the broker that a parked attachment is over.
    """

    def __init__(self, limits: RelayLimits, on_end: Callable[[Kept, EndReason], None]) -> None:
        self._limits = limits
        self._on_end = on_end
        self._places: dict[SessionId, _Place] = {}

    def __len__(self) -> int:
        return len(self._places)

    def list_parked(self) -> list[AttachmentId]:
        return [place.kept.spec.attachment_id for place in self._places.values() if place.is_parked]

    def park(self, kept: Kept, reason: EndReason) -> None:
        """Its line is lost, for ``reason``: keep it as long as its grants let it."""
        self._put(kept, is_parked=True, for_s=kept.spec.grants.park_limit_s, reason=reason)

    def hand_over(self, kept: Kept) -> None:
        """Its session goes on in another attachment, here or at another gateway."""
        self._put(kept, is_parked=False, for_s=HANDOVER_S, reason=EndReason.TAKEN_OVER)

    def claim(self, session_id: SessionId) -> Kept | None:
        """For a new attachment of the session: what is kept of it, which is the caller's from now on."""
        place = self._places.pop(session_id, None)
        if place is None:
            return None
        if place.is_parked:
            self._on_end(place.kept, EndReason.TAKEN_OVER)
        place.kept.on_over = lambda _reason: None
        return None if place.kept.is_lost else place.kept

    def terminate(self, attachment_id: AttachmentId, reason: EndReason) -> None:
        """The broker ends a parked attachment. One that is taken over waits for its successor."""
        for place in list(self._places.values()):
            if not place.is_parked or place.kept.spec.attachment_id != attachment_id:
                continue
            if reason is EndReason.TAKEN_OVER:
                self._on_end(place.kept, reason)
                self.hand_over(place.kept)
            else:
                self._end(place, reason)

    def tick(self, now: datetime, broker_heard_s: float) -> None:
        """Once a second: limits of all. ``broker_heard_s`` is a time of the loop's clock."""
        clock = asyncio.get_running_loop().time()
        for place in list(self._places.values()):
            reason = place.kept.find_end(now, broker_heard_s, self._limits)
            if reason is not None:
                self._end(place, reason)
            elif clock >= place.until_s:
                self._end(place, place.reason)

    def end_all(self, reason: EndReason) -> None:
        for place in list(self._places.values()):
            self._end(place, reason)

    def _put(self, kept: Kept, *, is_parked: bool, for_s: float, reason: EndReason) -> None:
        until_s = asyncio.get_running_loop().time() + for_s
        place = _Place(kept, is_parked, until_s, reason)
        before = self._places.get(kept.spec.session_id)
        if before is not None and before.kept is not kept:
            self._end(before, EndReason.TAKEN_OVER)
        self._places[kept.spec.session_id] = place
        kept.on_over = lambda cause: self._end(place, cause)
        if kept.is_lost:
            self._end(place, EndReason.GUACD_CLOSED)

    def _end(self, place: _Place, reason: EndReason) -> None:
        session_id = place.kept.spec.session_id
        if self._places.get(session_id) is not place:
            return
        del self._places[session_id]
        place.kept.leave()
        if place.is_parked:
            self._on_end(place.kept, reason)
        _log.info("session.let_go", session=session_id, reason=reason)
