"""How many instructions a browser may send: a bucket that is refilled with time."""

from typing import Final

_BURST_S: Final = 1.0


class InstructionBudget:
    """Counts by ``;``, which is at least the number of instructions. Nothing is refused, only delayed."""

    __slots__ = ("_left", "_per_s", "_updated_s")

    def __init__(self, per_s: int, now_s: float) -> None:
        self._per_s = per_s
        self._left = per_s * _BURST_S
        self._updated_s = now_s

    def spend(self, message: bytes) -> None:
        self._left -= message.count(b";")

    def find_pause(self, now_s: float) -> float:
        """Seconds to wait before the next message is read."""
        if self._left > 0.0:
            return 0.0
        earned = (now_s - self._updated_s) * self._per_s
        self._left = min(self._left + earned, self._per_s * _BURST_S)
        self._updated_s = now_s
        return max(0.0, -self._left / self._per_s)
