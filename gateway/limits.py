"""When a session has to end by itself. Pure: times come in, a reason or ``None`` goes out."""

from datetime import datetime

import msgspec

from broker.model.reasons import EndReason
from broker.wire.messages import ConnectionSpec


class RelayLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in seconds.

    ``nop_after_s``: guacd drops a user that is silent for 15 s. ``ping_after_s``: then a WebSocket ping is sent,
    which a browser answers also in a tab whose timers sleep. ``stalled_s`` and ``guacd_stalled_s``: how long a
    side may let what is sent to it pile up. ``watermark_s``: how long a browser may leave the watermark
    unacknowledged; ``watermark_again_s``: how often its layer is made anew.
    """

    nop_after_s: float = 5.0
    ping_after_s: float = 10.0
    browser_silent_s: float = 45.0
    guacd_silent_s: float = 30.0
    stalled_s: float = 45.0
    guacd_stalled_s: float = 15.0
    watermark_s: float = 60.0
    watermark_again_s: float = 10.0
    instructions_per_s: int = 5000


class Clocks(msgspec.Struct, frozen=True, kw_only=True):
    """Ages in seconds of one session at this moment, and the time of day."""

    now: datetime
    session_s: float
    input_s: float
    browser_s: float
    guacd_s: float
    broker_s: float
    stalled_s: float
    guacd_stalled_s: float
    is_guacd_read: bool


def find_exceeded(spec: ConnectionSpec, limits: RelayLimits, clocks: Clocks) -> EndReason | None:
    """The first limit that is exceeded. Every limit of ``spec`` is enforced without asking the broker."""
    grants = spec.grants
    if grants.ends_at is not None and clocks.now >= grants.ends_at:
        return EndReason.HOURS_ENDED
    if clocks.session_s >= grants.absolute_limit_s:
        return EndReason.ABSOLUTE_LIMIT
    if clocks.broker_s >= spec.max_unsupervised_s:
        return EndReason.UNSUPERVISED
    if clocks.input_s >= grants.idle_limit_s:
        return EndReason.IDLE_LIMIT
    if clocks.browser_s >= limits.browser_silent_s or clocks.stalled_s >= limits.stalled_s:
        return EndReason.CLIENT_SILENT
    if clocks.guacd_stalled_s >= limits.guacd_stalled_s:
        return EndReason.GUACD_CLOSED
    if clocks.is_guacd_read and clocks.guacd_s >= limits.guacd_silent_s:
        return EndReason.GUACD_CLOSED
    return None
