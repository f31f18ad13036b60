"""What the door holds people to."""

from typing import Final

import msgspec

MAX_SOCKETS: Final = 4096
RESERVE: Final = 512
"""Descriptors that the door leaves to the wire, the directory, the database and files."""


class DoorLimits(msgspec.Struct, frozen=True, kw_only=True):
    """``silent`` is a socket without a complete request: just opened, in the middle of one, or between two.

    ``max_silent_per_address`` is wide, because a whole office may sit behind one address; and whoever goes beyond
    it loses the oldest of their own sockets, which a browser opens again without a word.
    """

    max_sockets: int = MAX_SOCKETS
    max_silent_per_address: int = MAX_SOCKETS // 4
    head_s: float = 10.0
    """From the first byte of a request (or from the opening of the socket) to the end of its head."""
    body_s: float = 15.0
    """From there to the end of its body."""
    idle_s: float = 75.0
    """Between an answer and the next request."""
    stall_s: float = 30.0
    """How long an answer may wait because nobody reads it."""


def limits_within(descriptors: int) -> DoorLimits:
    """The door's limits for a process that may hold so many descriptors; a reserve stays for everything else."""
    max_sockets = min(MAX_SOCKETS, descriptors - min(RESERVE, descriptors // 2))
    return DoorLimits(max_sockets=max_sockets, max_silent_per_address=max(1, max_sockets // 4))
