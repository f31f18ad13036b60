"""Entries of directories as a sync writes them, some hundreds at a time."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, delete, func, select, update

from broker.model.directory import Absence, ListedGroup, ListedPerson
from broker.model.ids import TenantId
from broker.store.schema.directory import DIRECTORY_GROUP, DIRECTORY_PERSON
from broker.store.statements import Statements, columns_of

_IDS_PER_QUERY: Final = 500


def _of(table: Table, tenant_id: TenantId, directory: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.tenant_id == tenant_id, table.c.directory == directory)


class DirectoryEntries:
    """The part of :class:`broker.ports.DirectoryTx` that a round works with."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def find_people(
        self, tenant_id: TenantId, directory: str, ids: Collection[str]
    ) -> dict[str, ListedPerson | None]:
        rows = await self._find(DIRECTORY_PERSON, tenant_id, directory, ids)
        return {row["entry_id"]: None if row["gone_at"] else _person_of(row) for row in rows}

    async def find_groups(self, tenant_id: TenantId, directory: str, ids: Collection[str]) -> dict[str, str | None]:
        rows = await self._find(DIRECTORY_GROUP, tenant_id, directory, ids)
        return {row["entry_id"]: None if row["gone_at"] else row["name"] for row in rows}

    async def put_people(
        self, tenant_id: TenantId, directory: str, people: Sequence[ListedPerson], round_: int
    ) -> None:
        """Insert or overwrite; who was gone is back."""
        rows = [columns_of(person) for person in people]
        await self._put(DIRECTORY_PERSON, tenant_id, directory, rows, round_)

    async def put_groups(self, tenant_id: TenantId, directory: str, groups: Sequence[ListedGroup], round_: int) -> None:
        rows = [columns_of(group) for group in groups]
        await self._put(DIRECTORY_GROUP, tenant_id, directory, rows, round_)

    async def see(self, tenant_id: TenantId, directory: str, ids: Collection[str], round_: int) -> None:
        for table in (DIRECTORY_PERSON, DIRECTORY_GROUP):
            await self._change(table, tenant_id, directory, ids, {"seen_round": round_})

    async def count_missing(self, tenant_id: TenantId, directory: str, round_: int) -> Absence:
        known, missing = await self._count(DIRECTORY_PERSON, tenant_id, directory, round_)
        known_groups, missing_groups = await self._count(DIRECTORY_GROUP, tenant_id, directory, round_)
        return Absence(known=known, missing=missing, known_groups=known_groups, missing_groups=missing_groups)

    async def _count(self, table: Table, tenant_id: TenantId, directory: str, round_: int) -> tuple[int, int]:
        present = (*_of(table, tenant_id, directory), table.c.gone_at.is_(None))
        known = await self._db.number(select(func.count()).select_from(table).where(*present))
        earlier = select(func.count()).select_from(table).where(*present, table.c.seen_round < round_)
        return known, await self._db.number(earlier)

    async def sweep(self, tenant_id: TenantId, directory: str, round_: int, limit: int) -> int:
        for table in (DIRECTORY_PERSON, DIRECTORY_GROUP):
            is_missing = (table.c.gone_at.is_(None), table.c.seen_round < round_)
            found = select(table.c.entry_id).where(*_of(table, tenant_id, directory), *is_missing).limit(limit)
            ids = [str(row[0]) for row in await self._db.run(found)]
            if ids:
                await self._change(table, tenant_id, directory, ids, {"gone_at": self._db.now})
                return len(ids)
        return 0

    async def forget(self, tenant_id: TenantId, directory: str, gone_before: datetime, limit: int) -> int:
        for table in (DIRECTORY_PERSON, DIRECTORY_GROUP):
            mine = _of(table, tenant_id, directory)
            found = select(table.c.entry_id).where(*mine, table.c.gone_at < gone_before).limit(limit)
            ids = [str(row[0]) for row in await self._db.run(found)]
            if ids:
                return await self._db.touched(delete(table).where(*mine, table.c.entry_id.in_(ids)))
        return 0

    async def _find(self, table: Table, tenant_id: TenantId, directory: str, ids: Collection[str]) -> list[Any]:
        rows: list[Any] = []
        for some in _some_at_a_time(ids):
            theirs = select(table).where(*_of(table, tenant_id, directory), table.c.entry_id.in_(some))
            rows += (await self._db.run(theirs)).mappings().all()
        return rows

    async def _put(
        self, table: Table, tenant_id: TenantId, directory: str, rows: Sequence[dict[str, Any]], round_: int
    ) -> None:
        shared = {"tenant_id": tenant_id, "directory": directory, "seen_round": round_, "gone_at": None}
        await self._db.put_many(table, ["tenant_id", "directory", "entry_id"], [row | shared for row in rows])

    async def _change(
        self, table: Table, tenant_id: TenantId, directory: str, ids: Collection[str], values: dict[str, Any]
    ) -> None:
        for some in _some_at_a_time(ids):
            theirs = update(table).where(*_of(table, tenant_id, directory), table.c.entry_id.in_(some))
            await self._db.run(theirs.values(**values))


def _some_at_a_time(ids: Collection[str]) -> Iterator[list[str]]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        yield wanted[start : start + _IDS_PER_QUERY]


def _person_of(row: Any) -> ListedPerson:
    return ListedPerson(
        entry_id=row["entry_id"],
        login=row["login"],
        display_name=row["display_name"],
        department=row["department"],
        groups=frozenset(row["groups"]),
        is_enabled=row["is_enabled"],
        expires_at=row["expires_at"],
    )
