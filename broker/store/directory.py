"""How far the sync of each directory has come."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select, update

from broker.model.directory import (
    Absence,
    Counted,
    DirectoryCounts,
    DirectoryState,
    KnownPerson,
    ListedGroup,
    ListedPerson,
    SyncKind,
)
from broker.model.ids import TenantId
from broker.store.directory_entries import DirectoryEntries
from broker.store.directory_search import DirectorySearch
from broker.store.schema.directory import DIRECTORY_STATE
from broker.store.statements import Statements, columns_of

_STATE: Final = DIRECTORY_STATE.c


def _of(tenant_id: TenantId, directory: str) -> tuple[ColumnElement[bool], ...]:
    return (_STATE.tenant_id == tenant_id, _STATE.directory == directory)


class SqlDirectory:
    """Implements :class:`broker.ports.DirectoryTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements
        self._entries = DirectoryEntries(statements)
        self._search = DirectorySearch(statements)

    async def list_states(self, tenant_id: TenantId) -> list[DirectoryState]:
        found = select(DIRECTORY_STATE).where(_STATE.tenant_id == tenant_id).order_by(_STATE.directory)
        return await self._db.every(DirectoryState, found)

    async def get_state(self, tenant_id: TenantId, directory: str) -> DirectoryState | None:
        return await self._db.one(DirectoryState, select(DIRECTORY_STATE).where(*_of(tenant_id, directory)))

    async def add_state(self, tenant_id: TenantId, directory: str) -> None:
        new = DirectoryState(tenant_id=tenant_id, directory=directory)
        await self._db.add_if_new(DIRECTORY_STATE, columns_of(new))

    async def ask(self, tenant_id: TenantId, directory: str, kind: SyncKind) -> None:
        wanted = update(DIRECTORY_STATE).where(*_of(tenant_id, directory)).values(asked=kind)
        if kind is not SyncKind.FULL:
            wanted = wanted.where(_STATE.asked.is_(None))
        await self._db.run(wanted)

    async def take_lease(self, tenant_id: TenantId, directory: str, holder: str, ttl_s: float) -> DirectoryState | None:
        now = self._db.now
        is_free = or_(_STATE.held_until.is_(None), _STATE.held_until <= now, _STATE.holder == holder)
        taken = update(DIRECTORY_STATE).where(*_of(tenant_id, directory), is_free)
        taken = taken.values(holder=holder, held_until=now + timedelta(seconds=ttl_s))
        return await self._db.one(DirectoryState, taken.returning(*_STATE))

    async def keep_state(self, before: DirectoryState, after: DirectoryState) -> bool:
        mine = (_STATE.holder == before.holder, _STATE.round == before.round, _STATE.phase == before.phase)
        # What was asked for meanwhile is not forgotten by a holder that does not know of it.
        without = ["tenant_id", "directory", *(["asked"] if before.asked == after.asked else [])]
        kept = update(DIRECTORY_STATE).where(*_of(before.tenant_id, before.directory), *mine)
        return await self._db.touched(kept.values(**columns_of(after, without=without))) == 1

    async def find_people(
        self, tenant_id: TenantId, directory: str, ids: Collection[str]
    ) -> dict[str, ListedPerson | None]:
        return await self._entries.find_people(tenant_id, directory, ids)

    async def find_groups(self, tenant_id: TenantId, directory: str, ids: Collection[str]) -> dict[str, str | None]:
        return await self._entries.find_groups(tenant_id, directory, ids)

    async def put_people(
        self, tenant_id: TenantId, directory: str, people: Sequence[ListedPerson], round_: int
    ) -> None:
        await self._entries.put_people(tenant_id, directory, people, round_)

    async def put_groups(self, tenant_id: TenantId, directory: str, groups: Sequence[ListedGroup], round_: int) -> None:
        await self._entries.put_groups(tenant_id, directory, groups, round_)

    async def see(self, tenant_id: TenantId, directory: str, ids: Collection[str], round_: int) -> None:
        await self._entries.see(tenant_id, directory, ids, round_)

    async def count_missing(self, tenant_id: TenantId, directory: str, round_: int) -> Absence:
        return await self._entries.count_missing(tenant_id, directory, round_)

    async def sweep(self, tenant_id: TenantId, directory: str, round_: int, limit: int) -> int:
        return await self._entries.sweep(tenant_id, directory, round_, limit)

    async def forget(self, tenant_id: TenantId, directory: str, gone_before: datetime, limit: int) -> int:
        return await self._entries.forget(tenant_id, directory, gone_before, limit)

    async def list_members(self, tenant_id: TenantId, directory: str, group: str, limit: int) -> list[str]:
        return await self._search.list_members(tenant_id, directory, group, limit)

    async def find_login(self, tenant_id: TenantId, login: str) -> list[KnownPerson]:
        return await self._search.find_login(tenant_id, login)

    async def counts(self, tenant_id: TenantId, directory: str) -> DirectoryCounts:
        return await self._search.counts(tenant_id, directory)

    async def list_departments(self, tenant_id: TenantId) -> list[Counted]:
        return await self._search.list_departments(tenant_id)

    async def list_groups(self, tenant_id: TenantId) -> list[str]:
        return await self._search.list_groups(tenant_id)

    async def search_people(
        self, tenant_id: TenantId, text: str, *, after: tuple[str, str] | None, limit: int, only_new: bool = False
    ) -> list[KnownPerson]:
        return await self._search.search_people(tenant_id, text, after=after, limit=limit, only_new=only_new)
