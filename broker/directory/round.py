"""One round of a sync: every step is a transaction of its own that holds the lease and tells how far it has come."""

from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog

from broker.directory.fitting import fit_page
from broker.directory.rules import KEPT_GONE, Compared, Rhythm, compare, doubt_of, next_time
from broker.model.directory import Cursor, DirectoryState, SyncKind, SyncPhase, SyncResult
from broker.ports import AuditEntry, DirectoryPage, Store, Transaction

_SWEPT_AT_ONCE: Final = 500
_MAX_FAULT: Final = 500
_log = structlog.stdlib.get_logger()


class LeaseLost(Exception):
    """Another broker goes on, or the desk has decided something meanwhile: nothing of this step was stored."""


class Round:
    """``state`` is what was stored last. Raises :class:`LeaseLost` and :class:`broker.errors.StoreUnavailable`."""

    def __init__(self, store: Store, state: DirectoryState, rhythm: Rhythm, lease_s: float) -> None:
        self._store = store
        self._rhythm = rhythm
        self._lease = timedelta(seconds=lease_s)
        self._told: set[str] = set()
        self._gone = 0
        self.state = state

    async def begin(self, kind: SyncKind) -> None:
        self._told.clear()
        async with self._store.write() as tx:
            await self._keep_state(
                tx,
                phase=SyncPhase.READING,
                kind=kind,
                round=self.state.round + 1,
                asked=None,
                began_at=tx.now,
                read_people=0,
                read_groups=0,
                added=0,
                changed=0,
            )

    async def keep(self, page: DirectoryPage) -> set[str]:
        """Store a page; answers the names that its groups have, or had until now."""
        state, page = self.state, fit_page(page)
        async with self._store.write() as tx:
            kept = await tx.directory.find_people(
                state.tenant_id, state.directory, [person.entry_id for person in page.people]
            )
            kept_groups = await tx.directory.find_groups(
                state.tenant_id, state.directory, [group.entry_id for group in page.groups]
            )
            compared = compare(page.people, page.groups, kept, kept_groups)
            await self._keep_state(
                tx,
                read_people=state.read_people + len(page.people),
                read_groups=state.read_groups + len(page.groups),
                added=state.added + compared.added,
                changed=state.changed + compared.changed,
            )
            await self._write(tx, compared)
        if state.kind is SyncKind.CHANGES:
            self._told |= {person.login for person in page.people}
        return {name for name in (*kept_groups.values(), *(group.name for group in page.groups)) if name is not None}

    async def find_lost(self, groups: set[str], limit: int) -> list[str] | None:
        """Logins of people who are kept as members of these groups and were not told in this round; None: too many."""
        state = self.state
        found: set[str] = set()
        async with self._store.read() as tx:
            for group in sorted(groups):
                found |= set(await tx.directory.list_members(state.tenant_id, state.directory, group, limit + 1))
                if len(found) > limit:
                    return None
        return sorted(found - self._told)

    async def end_full(self, cursor: Cursor | None) -> None:
        """The answer was whole: who was not in it is gone, unless that is doubted."""
        state = self.state
        async with self._store.write() as tx:
            absence = await tx.directory.count_missing(state.tenant_id, state.directory, state.round)
            doubt = doubt_of(absence, state.doubt, state.round, tx.now)
            if doubt is not None and state.doubt is None:
                detail = {"missing": str(doubt.missing), "known": str(doubt.known)}
                await tx.audit.append(self._entry("directory.sync_doubted", "failed", detail))
            await self._keep_state(
                tx,
                phase=SyncPhase.SWEEPING,
                sweep_before=state.sweep_before if doubt is not None else state.round,
                doubt=doubt,
                **_marked(cursor),
                full_at=tx.now,
            )
        if doubt is not None:
            _log.error("directory.sync_doubted", tenant=state.tenant_id, directory=state.directory)
        await self.sweep()

    async def end_changes(self, cursor: Cursor | None) -> None:
        async with self._store.write() as tx:
            await self._end(tx, SyncResult.OK, **_marked(cursor))

    async def sweep(self) -> None:
        """Mark entries as gone, some hundreds at a time, and forget those that have been gone for long; may be gone on
        with by another broker."""
        state = self.state
        while True:
            async with self._store.write() as tx:
                await self._keep_state(tx)
                swept = await tx.directory.sweep(state.tenant_id, state.directory, state.sweep_before, _SWEPT_AT_ONCE)
                self._gone += swept
                if not swept and not await self._forget(tx):
                    await self._end(tx, SyncResult.OK if self.state.doubt is None else SyncResult.DOUBTED)
                    return

    async def _forget(self, tx: Transaction) -> int:
        state = self.state
        return await tx.directory.forget(state.tenant_id, state.directory, tx.now - KEPT_GONE, _SWEPT_AT_ONCE)

    async def fail(self, detail: str) -> None:
        """Nobody is marked as gone; what was read of the others holds."""
        _log.warning("directory.sync_failed", directory=self.state.directory, detail=detail)
        async with self._store.write() as tx:
            if self.state.result is not SyncResult.FAILED:
                entry = self._entry("directory.sync_failed", "failed", {"fault": detail[:_MAX_FAULT]})
                await tx.audit.append(entry)
            await self._end(tx, SyncResult.FAILED, fault=detail[:_MAX_FAULT])

    async def _end(self, tx: Transaction, result: SyncResult, **further: Any) -> None:
        state = self.state
        has_failed = result is SyncResult.FAILED
        if not has_failed and (state.added or state.changed or self._gone):
            detail = {
                "sync_kind": state.kind.value,
                "people": str(state.read_people),
                "groups": str(state.read_groups),
                "added": str(state.added),
                "changed": str(state.changed),
                "gone": str(self._gone),
            }
            await tx.audit.append(self._entry("directory.synced", "ok", detail))
        ended: dict[str, Any] = {
            "phase": SyncPhase.IDLE,
            "result": result if state.doubt is None or has_failed else SyncResult.DOUBTED,
            "fault": "",
            "finished_at": state.finished_at if has_failed else tx.now,
            "next_at": next_time(tx.now, self._rhythm, has_failed=has_failed),
        }
        await self._keep_state(tx, **(ended | further), held_until=None)

    async def _write(self, tx: Transaction, compared: Compared) -> None:
        state = self.state
        await tx.directory.put_people(state.tenant_id, state.directory, compared.people, state.round)
        await tx.directory.put_groups(state.tenant_id, state.directory, compared.groups, state.round)
        await tx.directory.see(state.tenant_id, state.directory, compared.same, state.round)

    async def _keep_state(self, tx: Transaction, **changes: Any) -> None:
        held = {"held_until": tx.now + self._lease}
        after: DirectoryState = msgspec.structs.replace(self.state, **(held | changes))
        if not await tx.directory.keep_state(self.state, after):
            raise LeaseLost
        self.state = after

    def _entry(self, event: str, outcome: str, detail: dict[str, str]) -> AuditEntry:
        return AuditEntry(
            tenant_id=self.state.tenant_id,
            event=event,
            actor="system:directory",
            subject=f"directory:{self.state.directory}",
            outcome=outcome,
            detail=detail,
        )


def _marked(cursor: Cursor | None) -> dict[str, str]:
    return {"server": cursor.server if cursor else "", "mark": cursor.mark if cursor else ""}
