"""In which order the servers of a directory are asked. Pure: the caller brings the time."""

from typing import Final

_FIRST_REST_S: Final = 5.0
_LONGEST_REST_S: Final = 60.0


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
