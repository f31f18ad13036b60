"""Owns the two directions of one session, from the end of the handshake to the end of the session."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from broker.model.reasons import EndReason
from broker.model.watermark import OnMissing
from broker.wire.messages import ConnectionSpec
from gateway.errors import ProtocolViolation
from gateway.filters.browser import BrowserFilter
from gateway.filters.clipboard import Outcome, Passage
from gateway.filters.picture import PictureFilter
from gateway.filters.syncs import SyncLedger
from gateway.guacd import Opened
from gateway.limits import Clocks, RelayLimits, find_exceeded
from gateway.notices import Notices
from gateway.passages import Passages, text_encoding
from gateway.pressed import Pressed
from gateway.rate import InstructionBudget
from gateway.status import classify_guacd_status
from gateway.watermark.overlay import Overlay
from gateway.websocket import BrowserSocket

HARD_BUFFER_BYTES: Final = 1_048_576
"""A peer that lets more than this pile up does not read at all, or floods us: its session ends."""

_NOP: Final = b"3.nop;"
_TOUCH_ARGUMENT: Final = "enable-touch"


class Relay:
    """One read, one filter, one write: both directions work inside the callbacks that bring the bytes.

    The owner delivers the browser's messages to :meth:`take_message` and calls :meth:`tick` every second.
    """

    def __init__(
        self,
        spec: ConnectionSpec,
        browser: BrowserSocket,
        opened: Opened,
        limits: RelayLimits,
        overlay: Overlay | None = None,
    ) -> None:
        if spec.grants.watermark_text is not None and overlay is None:
            raise ValueError("a picture without the watermark that it must bear")
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[EndReason] = loop.create_future()
        self.on_drawn: Callable[[], None] = lambda: None
        """Called once, when the browser has rendered the first frame."""
        self.on_watermark_missed: Callable[[], None] = lambda: None
        """Called once, when the browser shows that it did not take the watermark."""
        self.violation: ProtocolViolation | None = None
        self.bytes_to_browser = 0
        self.bytes_from_browser = 0
        self._loop = loop
        self._spec = spec
        self._limits = limits
        self._browser = browser
        self._guacd = opened.connection
        self._rest = opened.rest
        self.passages = Passages(loop.time())
        self._notices = Notices(spec, self.tell_browser)
        syncs = SyncLedger()
        has_touch = _TOUCH_ARGUMENT in opened.announced
        self._overlay = overlay
        if overlay is not None:
            overlay.on_missed = self._note_missed_mark
        self._picture = PictureFilter(spec.grants, syncs, self._tell_guacd, overlay, note_text=self._note_text)
        self._input = BrowserFilter(
            spec.grants,
            syncs,
            self._picture.streams,
            self.tell_browser,
            note_text=self._note_text,
            text_encoding=text_encoding(spec),
            has_touch=has_touch,
            overlay=overlay,
        )
        self._picture.peer_streams = self._input.streams
        self._budget = InstructionBudget(limits.instructions_per_s, loop.time())
        self.is_drawn = False
        """The browser has rendered a picture."""
        self._pressed = Pressed()
        self._drain: asyncio.Task[None] | None = None
        now = loop.time()
        self._started_s = self._last_input_s = self._guacd_heard_s = self._guacd_told_s = now
        self._stalled_since_s: float | None = None
        self._guacd_stalled_since_s: float | None = None

    @property
    def is_leaving(self) -> bool:
        """The browser itself said that it goes."""
        return self._input.is_leaving

    @property
    def dropped(self) -> int:
        """Instructions of guacd that did not cross."""
        return self._picture.dropped

    @property
    def unknown(self) -> int:
        """Those of them whose opcode no release knows."""
        return self._picture.unknown

    def start(self) -> None:
        """Begin to read guacd; what came behind the handshake is shown first."""
        self._guacd.on_data = self._take_from_guacd
        self._guacd.on_lost = lambda: self.end(EndReason.GUACD_CLOSED)
        self._notices.tell_grants()
        rest, self._rest = self._rest, b""
        self._guacd.resume_reading()
        if rest:
            self._take_from_guacd(rest)
        if self._guacd.is_lost:
            self.end(EndReason.GUACD_CLOSED)

    def end(self, reason: EndReason) -> None:
        """Ask for the end. The first reason counts; nothing is relayed from here on."""
        if not self.ended.done():
            self.ended.set_result(reason)

    def stop(self) -> None:
        """Let go of guacd."""
        self._let_go()
        self._guacd.say_goodbye()

    def part(self) -> bytes:
        """Let go of the browser alone: keys that it holds go up, and guacd's connection is the caller's.

        Gives what guacd has sent of an instruction that is not whole yet.
        """
        self._let_go()
        if released := self._pressed.release():
            self._guacd.write(released)
        return self._picture.take_rest()

    def _let_go(self) -> None:
        self._guacd.on_data = lambda _data: None
        self._guacd.on_lost = lambda: None
        if self._drain is not None:
            self._drain.cancel()

    # --- guacd → browser

    def _take_from_guacd(self, data: bytes) -> None:
        if self.ended.done():
            return
        self._guacd_heard_s = self._loop.time()
        try:
            crossing = self._picture.feed(data)
        except ProtocolViolation as violation:
            self.violation = violation
            self.end(EndReason.GUACD_MISBEHAVED)
            return
        if crossing:
            self.tell_browser(crossing)
            if self._browser.is_congested and self._drain is None:
                self._hold_guacd()
        if self._picture.goodbye is not None:
            self.end(classify_guacd_status(self._picture.goodbye.status))

    def _hold_guacd(self) -> None:
        """The browser does not read: stop reading guacd until it does. Back-pressure reaches the desktop."""
        self._guacd.pause_reading()
        self._stalled_since_s = self._loop.time()
        self._drain = self._loop.create_task(self._release_guacd())

    async def _release_guacd(self) -> None:
        try:
            await self._browser.wait_writable()
        except OSError:
            self.end(EndReason.CLIENT_CLOSED)
            return
        self._drain = None
        self._stalled_since_s = None
        self._guacd_heard_s = self._loop.time()
        self._guacd.resume_reading()

    def tell_browser(self, instructions: bytes) -> None:
        """Whole instructions for the browser: the picture, or answers of the gateway's own."""
        self._browser.send(instructions)
        self.bytes_to_browser += len(instructions)
        if self._browser.buffered_bytes() > HARD_BUFFER_BYTES:
            self.end(EndReason.CLIENT_SILENT)

    # --- browser → guacd

    def take_message(self, message: bytes) -> None:
        """One message of the browser."""
        if self.ended.done():
            return
        self.bytes_from_browser += len(message)
        self._budget.spend(message)
        inputs_before = self._input.inputs
        try:
            crossing = self._input.feed(message)
        except ProtocolViolation as violation:
            self.violation = violation
            self.end(EndReason.CLIENT_MISBEHAVED)
            return
        if crossing:
            self._tell_guacd(crossing)
        if self._input.inputs != inputs_before:
            self._last_input_s = self._loop.time()
            self._pressed.note(crossing)
        if not self.is_drawn:
            self._note_first_frame()
        if self._input.is_leaving:
            self.end(EndReason.CLIENT_CLOSED)

    def find_obstacle(self) -> Awaitable[None] | None:
        """What the browser's next message has to wait for: a guacd that does not read, or its own haste."""
        if self._guacd.is_congested and not self.ended.done():
            return self._guacd.wait_writable()
        pause_s = self._budget.find_pause(self._loop.time())
        return asyncio.sleep(pause_s) if pause_s > 0 else None

    def _note_first_frame(self) -> None:
        first = self._picture.first_frame
        if first is not None and self._input.acknowledged >= first:
            self.is_drawn = True
            self.on_drawn()

    def _note_missed_mark(self) -> None:
        """Told once an attachment; whether it also ends is the site's choice."""
        self.on_watermark_missed()
        if self._spec.grants.watermark.on_missing is OnMissing.END:
            self.end(EndReason.CLIENT_MISBEHAVED)

    def _tell_guacd(self, instructions: bytes) -> None:
        self._guacd.write(instructions)
        self._guacd_told_s = self._loop.time()
        if self._guacd.buffered_bytes() > HARD_BUFFER_BYTES:
            self.end(EndReason.GUACD_MISBEHAVED)

    # --- either way

    def _note_text(self, passage: Passage) -> bool:
        """A text wants to cross, or was refused: it is told first."""
        noted = self.passages.note(passage, self._loop.time())
        self._notices.tell_text(noted)
        return noted.outcome is Outcome.PASSED

    # --- time

    def tick(self, now: datetime, broker_heard_s: float) -> None:
        """Once a second: limits and signs of life. ``broker_heard_s`` is a time of the loop's clock."""
        clock = self._loop.time()
        clocks = self.read_clocks(now, clock, broker_heard_s)
        reason = find_exceeded(self._spec, self._limits, clocks)
        if reason is not None:
            self.end(reason)
            return
        self._notices.tick(clocks)
        self._tend_mark(clock)
        if clock - self._guacd_told_s >= self._limits.nop_after_s:
            self._tell_guacd(_NOP)
        if clocks.browser_s >= self._limits.ping_after_s:
            self._browser.ping()

    def _tend_mark(self, clock: float) -> None:
        if self._overlay is None:
            return
        self._overlay.note_time(clock, self._limits.watermark_s)
        if self._drain is None and (fresh := self._overlay.draw_again(clock, self._limits.watermark_again_s)):
            self.tell_browser(fresh)

    def read_clocks(self, now: datetime, clock: float, broker_heard_s: float) -> Clocks:
        """Ages of this session at ``clock``, a time of the loop's clock as ``broker_heard_s`` is."""
        stalled_since = self._stalled_since_s
        if not self._guacd.is_congested:
            self._guacd_stalled_since_s = None
        elif self._guacd_stalled_since_s is None:
            self._guacd_stalled_since_s = clock
        guacd_stalled_since = self._guacd_stalled_since_s
        return Clocks(
            now=now,
            session_s=clock - self._started_s,
            input_s=clock - self._last_input_s,
            browser_s=clock - self._browser.last_heard_s,
            guacd_s=clock - self._guacd_heard_s,
            broker_s=clock - broker_heard_s,
            stalled_s=0.0 if stalled_since is None else clock - stalled_since,
            guacd_stalled_s=0.0 if guacd_stalled_since is None else clock - guacd_stalled_since,
            is_guacd_read=self._drain is None,
        )
