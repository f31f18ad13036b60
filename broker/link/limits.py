"""What a peer of the wire may take of time and room before it loses its connection."""

from typing import Final

import msgspec

from broker.wire.messages import HEARTBEAT_S

HELLO_DEADLINE_S: Final = 5.0


class LinkLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one connection. ``silence_s``: a gateway that was silent for so long has lost its sessions."""

    hello_deadline_s: float = HELLO_DEADLINE_S
    heartbeat_s: float = HEARTBEAT_S
    silence_s: float = 30.0
    send_deadline_s: float = 10.0
    """How long one frame may wait for a peer that does not read."""
    books_deadline_s: float = 10.0
    """How long one question to the books may take."""
    max_unsent: int = 4096
    max_redeems_at_once: int = 32
    max_redeems_waiting: int = 2048
    max_orders: int = 1024
    refusals_apart_s: float = 10.0
    """A peer that keeps naming itself wrongly is audited at most so often."""
    messages_per_s: float = 200.0
    """Sustained rate of everything but events, which wait for the books one by one. Tickets have an allowance of
    their own, of the same size, beyond which they are refused."""
    messages_at_once: int = 4000
