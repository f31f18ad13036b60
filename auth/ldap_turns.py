"""In which order the servers of a directory are asked, and which of them alone gets the password."""

import threading
from typing import Final

import msgspec

_FIRST_REST_S: Final = 5.0
_LONGEST_REST_S: Final = 60.0


class LeftToAnother(msgspec.Struct, frozen=True):
    """Another server was quicker: this one never saw the password."""


class Once:
    """The right to send the password of one sign-in. However many servers are asked, one alone ever gets it: a wrong
    password counts once in the directory's own lock. Any thread may take it."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(1)
        self.is_taken = False

    def take(self) -> bool:
        """True for exactly one caller."""
        if not self._free.acquire(blocking=False):
            return False
        self.is_taken = True
        return True


class Turns:
    """Servers by their place in the settings. One that failed or was slow rests: it is asked after the others.

    Each further fault doubles the rest, up to a minute; an answer ends it. Nobody is ever left out: when all rest,
    the first in the settings is asked first.
    """

    def __init__(self, count: int) -> None:
        self._faults = [0] * count
        self._rests_until_s = [0.0] * count

    def order(self, now_s: float) -> list[int]:
        return sorted(range(len(self._faults)), key=lambda place: (self.is_resting(place, now_s), place))

    def is_resting(self, place: int, now_s: float) -> bool:
        return now_s < self._rests_until_s[place]

    def note_answer(self, place: int) -> None:
        self._faults[place] = 0
        self._rests_until_s[place] = 0.0

    def note_fault(self, place: int, now_s: float) -> None:
        """Faults of callers who came at the same time count once."""
        if self.is_resting(place, now_s):
            return
        rest_s = min(_FIRST_REST_S * 2 ** self._faults[place], _LONGEST_REST_S)
        self._faults[place] = min(self._faults[place] + 1, 10)
        self._rests_until_s[place] = now_s + rest_s
