"""What virtual browsers did, into the audit of the tenant whose desktop it was."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import structlog

from broker.errors import StoreError
from broker.model.ids import ZoneId
from broker.model.kinds import PoolApplication
from broker.model.records import Desktop, Pool
from broker.ports import AuditEntry, Store, Transaction
from broker.wire.messages import BrowserVisit

MAX_VISITS: Final = 50
"""Of one message; an agent that sends more loses the rest."""
_log: Final = structlog.get_logger(__name__)


class VisitBooks:
    """An agent is believed about browsers of its own zones alone."""

    def __init__(self, store: Store, deadline_s: float) -> None:
        self._store = store
        self._deadline_s = deadline_s

    async def note(self, agent: str, zones: Collection[ZoneId], visits: Sequence[BrowserVisit]) -> None:
        """Write them all, or say in the log that they were not written: the agent's log has them."""
        try:
            async with asyncio.timeout(self._deadline_s), self._store.write() as tx:
                for visit in visits[:MAX_VISITS]:
                    entry = await _entry(tx, zones, visit)
                    if entry is not None:
                        await tx.audit.append(entry)
        except (StoreError, TimeoutError) as error:
            _log.warning("wire.visits_not_audited", agent=agent, count=len(visits), fault=str(error))


async def _entry(tx: Transaction, zones: Collection[ZoneId], visit: BrowserVisit) -> AuditEntry | None:
    found = await _find(tx, zones, visit)
    if found is None:
        return None
    desktop, pool = found
    assignment = await tx.sessions.get_assignment_on(desktop.tenant_id, desktop.id)
    detail = {
        "pool": pool.id,
        "host": visit.host,
        "port": str(visit.port),
        "count": str(visit.count),
        "bytes_out": str(visit.bytes_out),
        "bytes_in": str(visit.bytes_in),
        "seen_at": visit.at.isoformat(),
    }
    if visit.refusal is not None:
        detail["cause"] = visit.refusal
    return AuditEntry(
        tenant_id=desktop.tenant_id,
        event="browser.connected" if visit.refusal is None else "browser.refused",
        # A spare browser asks for things by itself; and what a person did last may come after their log-off.
        actor=f"desktop:{desktop.id}" if assignment is None else f"user:{assignment.user_id}",
        subject=f"desktop:{desktop.id}",
        outcome="ok" if visit.refusal is None else "refused",
        detail=detail,
    )


async def _find(tx: Transaction, zones: Collection[ZoneId], visit: BrowserVisit) -> tuple[Desktop, Pool] | None:
    for tenant in await tx.people.list_tenants():
        desktop = await tx.pools.get_desktop(tenant.id, visit.desktop_id)
        if desktop is None:
            continue
        pool = await tx.pools.get_pool(tenant.id, desktop.pool_id)
        if pool is not None and pool.zone_id in zones and pool.application is PoolApplication.BROWSER:
            return desktop, pool
    return None
