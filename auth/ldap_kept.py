"""Lines to one server that outlive their conversation: connecting, TLS and the service account's bind cost more than
what is asked over them.

Two kinds never mix: what the service account asks goes over the lines that it has bound, and a person's password over
lines that carry nothing but binds (RFC 4511, section 4.2.1: each bind begins anew, and whoever was bound before is
forgotten, also when it fails).
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from auth.ldap_connection import Line

IDLE_S: Final = 30.0
"""A line that nobody used for so long is closed: well before servers and packet filters drop it without a word."""
_LIFE_S: Final = 600.0
"""And one that has lived so long, so that a certificate or a service account that was changed is noticed."""


class _Kept:
    """A line, since when it is open and since when nobody uses it."""

    __slots__ = ("idle_since_s", "line", "opened_s")

    def __init__(self, line: Line, opened_s: float, idle_since_s: float) -> None:
        self.line = line
        self.opened_s = opened_s
        self.idle_since_s = idle_since_s


class KeptLines:
    """Idle lines of one kind, the last used first. For any thread."""

    def __init__(self, most: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now_s = now_s
        self._idle: list[_Kept] = []
        self._opened_s: dict[Line, float] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def take(self) -> Line | None:
        """A line on which nothing waits to be read: neither an answer nor the server's goodbye."""
        while (kept := self._pop()) is not None:
            if kept.line.is_quiet():
                with self._lock:
                    self._opened_s[kept.line] = kept.opened_s
                return kept.line
            kept.line.close()
        return None

    def keep(self, line: Line) -> None:
        """Take back a line whose last answer has been read, or a new one."""
        now_s = self._now_s()
        with self._lock:
            opened_s = self._opened_s.pop(line, now_s)
            may_stay = not self._is_closed and len(self._idle) < self._most and now_s < opened_s + _LIFE_S
            if may_stay:
                self._idle.append(_Kept(line, opened_s, now_s))
        if not may_stay:
            line.close()

    def forget(self, line: Line) -> None:
        """A line that was taken does not come back."""
        with self._lock:
            self._opened_s.pop(line, None)

    def sweep(self) -> bool:
        """Close what has been idle for too long; whether anything is left."""
        with self._lock:
            limit_s = self._now_s() - IDLE_S
            old = [kept for kept in self._idle if kept.idle_since_s <= limit_s]
            self._idle = [kept for kept in self._idle if kept.idle_since_s > limit_s]
            is_left = bool(self._idle)
        for kept in old:
            kept.line.close()
        return is_left

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for kept in idle:
            kept.line.close()

    def _pop(self) -> _Kept | None:
        with self._lock:
            while self._idle:
                kept = self._idle.pop()
                if self._now_s() < kept.idle_since_s + IDLE_S:
                    return kept
                # Those below were idle even longer.
                self._idle.append(kept)
                break
        self.sweep()
        return None
