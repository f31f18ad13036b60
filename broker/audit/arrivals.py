"""The audit of those who were turned away before anybody could know whose business they were."""

import asyncio
from typing import Final

import structlog

from broker.errors import StoreError
from broker.ports import AuditEntry, Store

_log: Final = structlog.get_logger(__name__)
_APART_S: Final = 10.0


class RefusedArrivals:
    """One record per entrance and cause, tenant and ``apart_s``: a loop of them fills neither audit nor log."""

    def __init__(self, store: Store, *, apart_s: float = _APART_S) -> None:
        self._store = store
        self._apart_s = apart_s
        self._told_s: dict[tuple[str, str], float] = {}
        self._untold: dict[tuple[str, str], int] = {}

    async def note(self, entrance: str, why: str, address: str) -> None:
        """``entrance`` as a certificate names it (empty: it names none); ``why`` is one of a fixed few."""
        key, now_s = (entrance, why), asyncio.get_running_loop().time()
        if now_s - self._told_s.get(key, -self._apart_s) < self._apart_s:
            self._untold[key] = self._untold.get(key, 0) + 1
            return
        self._told_s[key] = now_s
        detail = {"cause": why, "attempts": str(1 + self._untold.pop(key, 0))}
        _log.warning("entrance.refused", entrance=entrance, address=address, **detail)
        try:
            await self._write(entrance, address, detail)
        except StoreError as error:
            _log.warning("entrance.refusal_not_audited", fault=str(error))

    async def _write(self, entrance: str, address: str, detail: dict[str, str]) -> None:
        who = f"entrance:{entrance or 'unknown'}"
        async with self._store.write() as tx:
            for tenant in await tx.people.list_tenants():
                await tx.audit.append(
                    AuditEntry(
                        tenant_id=tenant.id,
                        event="entrance.refused",
                        actor=who,
                        subject=who,
                        outcome="refused",
                        address=address,
                        detail=detail,
                    )
                )
