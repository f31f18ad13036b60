"""What the reconciler remembers of a pool's provider: faults, back-off, what it misses. Kept in memory only.

All times are the database's, so that a wait means the same before and after a restart of the clock's host.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from broker.model.ids import DesktopId, PoolId, TenantId
from broker.model.records import Pool
from broker.pool.rules import retry_after_s

_MAX_RESTRAINT_S: Final = 30.0


class Restraint:
    """Failures in a row, and until when not to ask again."""

    __slots__ = ("failures", "fault", "until")

    def __init__(self) -> None:
        self.failures = 0
        self.fault: str | None = None
        self.until: datetime | None = None

    def note_failure(self, fault: str, now: datetime) -> None:
        if self.until is not None and now < self.until:
            return  # of the same attempt: calls that were under way together count once
        self.failures += 1
        self.fault = fault
        wait_s = min(retry_after_s(self.failures - 1), _MAX_RESTRAINT_S)
        self.until = now + timedelta(seconds=wait_s)

    def note_success(self) -> None:
        self.failures = 0
        self.fault = None
        self.until = None

    def holds(self, now: datetime) -> bool:
        return self.until is not None and now < self.until


class PoolHealth:
    """One pool's provider as the reconciler sees it."""

    __slots__ = ("missing_since", "observing", "starting")

    def __init__(self) -> None:
        self.observing = Restraint()
        self.starting = Restraint()
        self.missing_since: dict[DesktopId, datetime] = {}

    def note_observed(
        self, expected: Iterable[DesktopId], running: Collection[DesktopId], now: datetime
    ) -> dict[DesktopId, datetime]:
        """Keep since when each expected desktop has been missing. Answers those that earlier observations missed
        too: a single observation never condemns a desktop."""
        missed = {desktop_id for desktop_id in expected if desktop_id not in running}
        before = {desktop_id: since for desktop_id, since in self.missing_since.items() if desktop_id in missed}
        self.missing_since = {desktop_id: before.get(desktop_id, now) for desktop_id in missed}
        return before


class ProviderHealth:
    """The health of every pool's provider, shared by the reconciler (writes) and the console (reads)."""

    def __init__(self) -> None:
        self._pools: dict[tuple[TenantId, PoolId], PoolHealth] = {}

    def of(self, pool: Pool) -> PoolHealth:
        return self._pools.setdefault((pool.tenant_id, pool.id), PoolHealth())

    def fault_of(self, pool: Pool) -> str | None:
        health = self.of(pool)
        return health.observing.fault or health.starting.fault
