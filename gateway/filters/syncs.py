"""Frames that guacd has sent and the browser has yet to acknowledge."""

from collections import deque
from enum import Enum
from typing import Final

MAX_UNACKNOWLEDGED: Final = 4096


class Answer(Enum):
    """What a ``sync`` from the browser is."""

    CURRENT = "current"
    STALE = "stale"
    FUTURE = "future"


class SyncLedger:
    """Timestamps in milliseconds, as guacd gave them, oldest first. The oldest are forgotten beyond a bound."""

    __slots__ = ("_acknowledged", "_newest", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[int] = deque(maxlen=MAX_UNACKNOWLEDGED)
        self._newest = -1
        self._acknowledged = -1

    def note_sent(self, timestamp: int) -> None:
        """guacd ended a frame."""
        if timestamp > self._newest:
            self._newest = timestamp
            self._waiting.append(timestamp)

    def take_next(self, timestamp: int) -> bool:
        """The browser says it has rendered this frame: whether that is the one which is due. If so, it is noted."""
        waiting = self._waiting
        if waiting and waiting[0] == timestamp:
            waiting.popleft()
            self._acknowledged = timestamp
            return True
        return False

    def answer(self, timestamp: int) -> Answer:
        """The browser says it has rendered the frame of ``timestamp``, whichever that is.

        Only a timestamp that guacd has really sent is CURRENT; one beyond the newest is FUTURE.
        """
        if timestamp > self._newest:
            return Answer.FUTURE
        while self._waiting and self._waiting[0] < timestamp:
            self._waiting.popleft()
        if self._waiting and self._waiting[0] == timestamp:
            self._waiting.popleft()
            self._acknowledged = timestamp
            return Answer.CURRENT
        return Answer.CURRENT if timestamp == self._acknowledged else Answer.STALE
