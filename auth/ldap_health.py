"""What a broker remembers of one server: whether it answers, since when, and how quickly. Nothing here does I/O."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from broker.model.directory_health import ServerHealth, ServerState

_WINDOW: Final = timedelta(minutes=5)
_KEPT: Final = 5000
_MAX_FAULT: Final = 300


class HealthRecord:
    """For one thread: the event loop's."""

    def __init__(self, directory: str, server: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._told = ServerHealth(
            directory=directory, server=server, state=ServerState.UNASKED, since=clock(), requests=0, faults=0
        )
        self._answers: deque[tuple[datetime, float]] = deque(maxlen=_KEPT)

    def note_answer(self, took_s: float) -> None:
        now = self._clock()
        self._answers.append((now, took_s))
        self._note(ServerState.UP, now, requests=self._told.requests + 1)

    def note_fault(self, detail: str) -> None:
        now = self._clock()
        told = self._told
        self._note(
            ServerState.FAILING,
            now,
            requests=told.requests + 1,
            faults=told.faults + 1,
            last_fault=detail[:_MAX_FAULT],
            last_fault_at=now,
        )

    def tell(self, *, in_flight: int, max_threads: int) -> ServerHealth:
        """The present state. ``in_flight``: requests that have a thread or wait for one."""
        now = self._clock()
        times_ms = sorted(took_s * 1000 for at, took_s in self._answers if now - at <= _WINDOW)
        return msgspec.structs.replace(
            self._told,
            recent=len(times_ms),
            median_ms=_quantile(times_ms, 0.5),
            p99_ms=_quantile(times_ms, 0.99),
            busy_threads=min(in_flight, max_threads),
            max_threads=max_threads,
            waiting=max(0, in_flight - max_threads),
        )

    def _note(self, state: ServerState, now: datetime, **changes: object) -> None:
        since = self._told.since if state is self._told.state else now
        self._told = msgspec.structs.replace(self._told, state=state, since=since, **changes)


def _quantile(ordered: list[float], share: float) -> float | None:
    """The least value that at least this share does not exceed."""
    if not ordered:
        return None
    place = min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))
    return round(ordered[place], 1)
