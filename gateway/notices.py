"""What the page is told in the tunnel itself: what is granted, when the session will end, that nobody touches it.

Instructions with an empty opcode stay between gateway and page (guacamole-common-js keeps them out of its client).
Times are told as seconds that are left, by the clock that also ends the session: the page's own may be off, and the
broker may be away. The page shows them; nothing is enforced there.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from broker.model.grants import Grants
from broker.model.reasons import EndReason
from broker.wire.messages import ConnectionSpec
from gateway.filters.clipboard import Passage
from gateway.limits import Clocks
from gateway.protocol import encode_instruction

TELL_AGAIN_S: Final = 60.0
"""So that a device that slept is right again soon."""
IDLE_WARNING_S: Final = 120.0
IDLE_AGAIN_S: Final = 10.0
_AWAY_S: Final = 60.0
"""A broker that was not heard of for so long is away: then also that limit is an end to come."""
_SAME_S: Final = 1.5


class ComingEnd(msgspec.Struct, frozen=True):
    """The first end that will come whatever the person does, and how many seconds are left."""

    reason: EndReason
    left_s: float


def next_end(spec: ConnectionSpec, clocks: Clocks) -> ComingEnd:
    """Hours, absolute limit, or a broker that stays away: the first of them. Pure."""
    ends = [ComingEnd(EndReason.ABSOLUTE_LIMIT, spec.grants.absolute_limit_s - clocks.session_s)]
    if spec.grants.ends_at is not None:
        ends.append(ComingEnd(EndReason.HOURS_ENDED, (spec.grants.ends_at - clocks.now).total_seconds()))
    if clocks.broker_s >= _AWAY_S:
        ends.append(ComingEnd(EndReason.UNSUPERVISED, spec.max_unsupervised_s - clocks.broker_s))
    return min(ends, key=lambda end: end.left_s)


def idle_left_s(grants: Grants, clocks: Clocks) -> float | None:
    """Seconds until the session ends for want of input, once that is near enough to be told. Pure."""
    left_s = grants.idle_limit_s - clocks.input_s
    return left_s if left_s <= min(IDLE_WARNING_S, grants.idle_limit_s / 2) else None


class Notices:
    """Tells the page once, and again when it changes. ``tell`` takes whole instructions."""

    def __init__(self, spec: ConnectionSpec, tell: Callable[[bytes], None]) -> None:
        self._spec = spec
        self._tell = tell
        self._ends_at_s = 0.0
        self._reason: EndReason | None = None
        self._told_end_s = 0.0
        self._told_idle_s: float | None = None

    def tell_grants(self) -> None:
        """What of the grants the page has something to show for."""
        grants = self._spec.grants
        told = {
            "clipboard_in": grants.clipboard_in and not grants.read_only,
            "clipboard_out": grants.clipboard_out,
            "cover": grants.cover_unfocused,
        }
        names = [name for name, is_granted in told.items() if is_granted]
        self._say("grants", str(grants.clipboard_max_bytes), *names)

    def tell_text(self, passage: Passage) -> None:
        """What became of a text."""
        self._say("clipboard", passage.way.value, passage.outcome.value)

    def tick(self, clocks: Clocks) -> None:
        """Once a second."""
        self._tick_end(clocks)
        self._tick_idle(clocks)

    def _tick_end(self, clocks: Clocks) -> None:
        end = next_end(self._spec, clocks)
        ends_at_s = clocks.session_s + end.left_s
        is_known = end.reason is self._reason and abs(ends_at_s - self._ends_at_s) < _SAME_S
        if is_known and clocks.session_s - self._told_end_s < TELL_AGAIN_S:
            return
        self._reason, self._ends_at_s, self._told_end_s = end.reason, ends_at_s, clocks.session_s
        self._say("ends", end.reason.value, str(max(0, int(end.left_s))))

    def _tick_idle(self, clocks: Clocks) -> None:
        left_s = idle_left_s(self._spec.grants, clocks)
        if left_s is None:
            if self._told_idle_s is not None:
                self._told_idle_s = None
                self._say("active")
        elif self._told_idle_s is None or clocks.session_s - self._told_idle_s >= IDLE_AGAIN_S:
            self._told_idle_s = clocks.session_s
            self._say("idle", str(max(0, int(left_s))))

    def _say(self, *words: str) -> None:
        self._tell(encode_instruction("", *words))
