"""The list of people, groups and departments, kept by reading each directory again and again.

One broker at a time reads a directory, by a lease in its row. Pages are stored one by one; only after a whole answer
is anybody marked as gone. A broker may end at any line: what it has stored is true, and another one begins anew or,
where entries were being marked, goes on.
"""

from collections.abc import Mapping
from contextlib import aclosing
from typing import Final

import msgspec
import structlog

from broker.directory.round import LeaseLost, Round
from broker.directory.rules import Rhythm, due_round
from broker.model.directory import Cursor, DirectoryState, SyncKind, SyncPhase
from broker.model.ids import TenantId, new_id
from broker.ports import (
    DirectoryPage,
    DirectorySource,
    DirectoryUnavailable,
    ReadingDone,
    ReadingEvent,
    Store,
    WholeNeeded,
)

LEASE_S: Final = 120.0
MANY_LOST: Final = 500
_log = structlog.stdlib.get_logger()


class SyncedDirectory(msgspec.Struct, frozen=True):
    source: DirectorySource
    rhythm: Rhythm


class DirectorySync:
    """``directories``: by tenant and id."""

    def __init__(self, store: Store, directories: Mapping[tuple[TenantId, str], SyncedDirectory]) -> None:
        self._store = store
        self._directories = directories
        self._holder = new_id()

    async def look(self, tenant_id: TenantId, directory: str) -> None:
        """Do what is due, if no other broker does. Returns at once when nothing is."""
        one = self._directories[tenant_id, directory]
        if await self._find_due(tenant_id, directory, one.rhythm) is None:
            return
        async with self._store.write() as tx:
            state = await tx.directory.take_lease(tenant_id, directory, self._holder, LEASE_S)
            now = tx.now
        if state is None:
            return
        work = Round(self._store, state, one.rhythm, LEASE_S)
        try:
            if state.phase is SyncPhase.SWEEPING:
                await work.sweep()
            elif (kind := due_round(state, now, one.rhythm)) is not None:
                await self._read(work, one.source, kind)
        except LeaseLost:
            _log.warning("directory.sync_lost", tenant=tenant_id, directory=directory)

    async def _find_due(self, tenant_id: TenantId, directory: str, rhythm: Rhythm) -> DirectoryState | None:
        async with self._store.read() as tx:
            state, now = await tx.directory.get_state(tenant_id, directory), tx.now
        if state is None:
            async with self._store.write() as tx:
                await tx.directory.add_state(tenant_id, directory)
                state = await tx.directory.get_state(tenant_id, directory)
        if state is None or (state.is_held(now) and state.holder != self._holder):
            return None
        is_due = state.phase is SyncPhase.SWEEPING or due_round(state, now, rhythm) is not None
        return state if is_due else None

    async def _read(self, work: Round, source: DirectorySource, kind: SyncKind) -> None:
        await work.begin(kind)
        last: ReadingEvent | None = None
        groups: set[str] = set()
        async with aclosing(source.read(work.state.cursor if kind is SyncKind.CHANGES else None)) as reading:
            async for last in reading:
                if not isinstance(last, DirectoryPage):
                    break
                groups |= await work.keep(last)
        match last:
            case ReadingDone(cursor=cursor) if kind is SyncKind.FULL:
                await work.end_full(cursor)
            case ReadingDone(cursor=cursor):
                await self._end_changes(work, source, groups, cursor)
            case WholeNeeded(why=why) if kind is SyncKind.CHANGES:
                _log.info("directory.whole_needed", directory=work.state.directory, why=why)
                await self._read(work, source, SyncKind.FULL)
            case DirectoryUnavailable(detail=detail):
                await work.fail(detail)
            case _:
                await work.fail("the reading broke off without a word")

    async def _end_changes(self, work: Round, source: DirectorySource, groups: set[str], cursor: Cursor | None) -> None:
        """Who was kept as a member of a group that changed, and was not told as one, is asked for."""
        lost = await work.find_lost(groups, MANY_LOST)
        if lost is None:
            await self._read(work, source, SyncKind.FULL)
            return
        answer = await source.reread(lost)
        if isinstance(answer, DirectoryUnavailable):
            await work.fail(answer.detail)
            return
        await work.keep(DirectoryPage(people=tuple(answer)))
        await work.end_changes(cursor)
