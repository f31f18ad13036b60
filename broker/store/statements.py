"""How the features speak to the database: statements in, records out, failures as the program's own faults."""

from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import CursorResult, Executable, Table, UpdateBase
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.errors import StoreError
from broker.store.faults import DRIVER_FAILURES, STATEMENT_FAILURES, fault_of, fault_of_driver
from broker.store.prepared import Prepared
from broker.store.whole import whole
from broker.store.work import Driver, Work

RecordT = TypeVar("RecordT", bound=msgspec.Struct)
ResultT = TypeVar("ResultT")

# The driver unnests an array in its order, and the locks are taken row by row.
_HOLD: Final = "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest($1::text[]) AS name"


class Statements:
    """One open transaction. ``now`` is its time; ``is_writing`` tells whether it may change anything."""

    __slots__ = ("_connection", "_driver", "is_writing", "now")

    def __init__(
        self, connection: AsyncConnection, *, now: datetime, is_writing: bool, driver: Driver | None = None
    ) -> None:
        self._connection = connection
        self._driver = driver
        self.now = now
        self.is_writing = is_writing

    @classmethod
    def of(cls, work: Work, *, now: datetime, is_writing: bool) -> "Statements":
        return cls(work.connection, now=now, is_writing=is_writing, driver=work.driver)

    @property
    def is_postgresql(self) -> bool:
        return self._connection.dialect.name == "postgresql"

    async def run(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    ) -> CursorResult[Any]:
        """Raises :class:`broker.errors.StoreError`, of which ``StoreUnavailable`` is worth another attempt."""
        if isinstance(statement, UpdateBase) and not self.is_writing:
            raise StoreError("a transaction for reading can't write")
        try:
            return await whole(self._connection.execute(statement, parameters))
        except STATEMENT_FAILURES as error:
            raise fault_of(error) from error

    async def fetch(self, prepared: Prepared, values: Mapping[str, Any]) -> list[Mapping[Any, Any]]:
        """The rows of a prepared statement. Raises as :meth:`run`."""
        if self._driver is None:
            return list((await self.run(*prepared.for_sqlite(values))).mappings())
        if prepared.is_change and not self.is_writing:
            raise StoreError("a transaction for reading can't write")
        form = prepared.for_driver(self._connection.dialect)
        rows = await self._ask(self._driver.fetch(form.text, *form.arguments(values)))
        return [form.read(row) for row in rows]

    async def change(self, prepared: Prepared, values: Mapping[str, Any]) -> int:
        """How many rows a prepared statement changed. Raises as :meth:`run`."""
        if self._driver is None:
            return (await self.run(*prepared.for_sqlite(values))).rowcount
        if not self.is_writing:
            raise StoreError("a transaction for reading can't write")
        form = prepared.for_driver(self._connection.dialect)
        status = await self._ask(self._driver.execute(form.text, *form.arguments(values)))
        # The command's tag ends in the number of rows (PostgreSQL's protocol, CommandComplete).
        return int(status.rpartition(" ")[2])

    async def first(self, record: type[RecordT], prepared: Prepared, values: Mapping[str, Any]) -> RecordT | None:
        """The first row of a prepared statement as a record, or None."""
        rows = await self.fetch(prepared, values)
        return record_of(record, rows[0]) if rows else None

    async def fetch_all(self, record: type[RecordT], prepared: Prepared, values: Mapping[str, Any]) -> list[RecordT]:
        return [record_of(record, row) for row in await self.fetch(prepared, values)]

    async def one(self, record: type[RecordT], statement: Executable) -> RecordT | None:
        """The first row as a record, or None."""
        row = (await self.run(statement)).mappings().first()
        return None if row is None else record_of(record, row)

    async def every(self, record: type[RecordT], statement: Executable) -> list[RecordT]:
        return [record_of(record, row) for row in (await self.run(statement)).mappings()]

    async def number(self, statement: Executable) -> int:
        """A single number, 0 for none."""
        return int((await self.run(statement)).scalar() or 0)

    async def touched(self, statement: Executable) -> int:
        """How many rows the statement changed."""
        return (await self.run(statement)).rowcount

    async def add(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert. Raises :class:`StoreError` when the row breaks a rule of the schema."""
        await self.run(table.insert().values(**values))

    async def add_if_new(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert, unless a unique key or index is taken already: then False."""
        statement = self._insert(table).values(**values).on_conflict_do_nothing()
        return await self.touched(statement) == 1

    async def put(self, table: Table, keys: Sequence[str], values: Mapping[str, Any]) -> None:
        """Insert, or overwrite the row that has the same ``keys``."""
        rest = {name: value for name, value in values.items() if name not in keys}
        statement = self._insert(table).values(**values)
        await self.run(statement.on_conflict_do_update(index_elements=list(keys), set_=rest))

    async def put_many(self, table: Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """The same for rows that all have the same columns."""
        if not rows:
            return
        statement = self._insert(table)
        rest = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        await self.run(statement.on_conflict_do_update(index_elements=list(keys), set_=rest), rows)

    async def hold(self, *names: str) -> None:
        """Wait until no other writing transaction holds one of ``names``, in their order, and hold them to the end of
        this one.

        For read-then-write where no row exists yet to compare-and-swap on. SQLite has one writer at a time anyway.
        """
        if self.is_writing and self._driver is not None:
            await self._ask(self._driver.fetch(_HOLD, list(names)))

    async def _ask(self, step: Coroutine[Any, Any, ResultT]) -> ResultT:
        """A step of PostgreSQL's own driver, whose failures come as it raised them."""
        try:
            return await whole(step)
        except DRIVER_FAILURES as error:
            raise fault_of_driver(error) from error
        except STATEMENT_FAILURES as error:
            raise fault_of(error) from error

    def _insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        return postgresql.insert(table) if self.is_postgresql else sqlite.insert(table)


def record_of(record: type[RecordT], row: Mapping[Any, Any]) -> RecordT:
    """A row as a record; raises :class:`StoreError` when its columns do not fit (a word nobody knows)."""
    try:
        return msgspec.convert({str(name): value for name, value in row.items()}, record)
    except msgspec.ValidationError as error:
        raise StoreError(f"a stored {record.__name__} does not read: {error}") from error


def columns_of(record: msgspec.Struct, *, without: Sequence[str] = ()) -> dict[str, Any]:
    """A record as column values; the fields have the names of the columns."""
    return {name: value for name, value in msgspec.structs.asdict(record).items() if name not in without}
