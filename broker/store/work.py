"""An open transaction on its connection: how it begins, commits and ends on each of the two databases."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol, cast

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broker.errors import StoreError, StoreUnavailable
from broker.store.engine import WRITES
from broker.store.faults import (
    CONNECT_FAILURES,
    DRIVER_FAILURES,
    NO_LONGER_USABLE,
    STATEMENT_FAILURES,
    fault_of,
    fault_of_driver,
)

_BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""A reader sees one state from its beginning to its end."""
_BEGIN_WRITING: Final = "BEGIN"
_MOST_STALE: Final = 100


class Driver(Protocol):
    """What of asyncpg's connection is used here, with types."""

    async def fetch(self, query: str, *arguments: Any) -> list[Mapping[str, Any]]: ...
    async def fetchval(self, query: str) -> Any: ...
    async def execute(self, query: str, *arguments: Any) -> str: ...
    def is_in_transaction(self) -> bool: ...
    def is_closed(self) -> bool: ...


class Work:
    """A connection that was taken for one transaction. ``driver`` is PostgreSQL's; None on SQLite."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.driver: Driver | None = None
        self._is_broken = False

    async def begin(self, *, is_writing: bool) -> datetime:
        """The time of the beginning, by the database's clock. Raises what drivers raise."""
        if self.connection.dialect.name == "sqlite":
            connection = await self.connection.execution_options(**(WRITES if is_writing else {}))
            _ = await connection.begin()
            # SQLite runs inside this process: its clock is the host's, but shows milliseconds only.
            return datetime.now(UTC)
        driver = self.driver = _driver_of(self.connection)
        try:
            await driver.execute(_BEGIN_WRITING if is_writing else _BEGIN_READING)
        except NO_LONGER_USABLE:
            # What the server has said at its end lies unread in this connection.
            self._is_broken = True
            raise
        moment: datetime = await driver.fetchval("SELECT clock_timestamp()")
        return moment.astimezone(UTC)

    @property
    def is_lost(self) -> bool:
        """Whether the server has closed the connection."""
        return self._is_broken or (self.driver is not None and self.driver.is_closed())

    async def commit(self) -> None:
        """Raises :class:`broker.errors.StoreError`."""
        try:
            if self.driver is None:
                await self.connection.commit()
            elif await self.driver.execute("COMMIT") != "COMMIT":
                raise StoreError("the database had given the transaction up")
        except DRIVER_FAILURES as error:
            raise fault_of_driver(error) from error
        except STATEMENT_FAILURES as error:
            raise fault_of(error) from error

    async def end(self) -> None:
        """Roll back what was not committed, and give the connection back."""
        try:
            if self.driver is not None and not self.is_lost and self.driver.is_in_transaction():
                await self.driver.execute("ROLLBACK")
            if self.is_lost:
                await self.connection.invalidate()
            await self.connection.close()
        except CONNECT_FAILURES:
            # The rollback did not get through: the server undoes it by itself, and this connection is not used again.
            await self.connection.invalidate()
            await self.connection.close()


async def begin_work(engine: AsyncEngine, taken: list[Work], *, is_writing: bool) -> tuple[Work, datetime]:
    """A transaction and the time of its beginning. What is taken goes into ``taken`` at once.

    A connection that the server has closed meanwhile (a restart) is noticed here, where nothing is lost yet, and the
    next one is tried. Raises :class:`broker.errors.StoreError`.
    """
    for _ in range(_MOST_STALE):
        work = Work(await _connect(engine))
        taken.append(work)
        try:
            return work, await work.begin(is_writing=is_writing)
        except CONNECT_FAILURES as error:
            if not work.is_lost:
                raise fault_of(error) from error
        # First given back: its place may be the one that the next connection needs.
        await work.end()
        taken.remove(work)
    raise StoreUnavailable("the database closes every connection")


async def _connect(engine: AsyncEngine) -> AsyncConnection:
    try:
        return await engine.connect()
    except CONNECT_FAILURES as error:
        raise fault_of(error) from error


def _driver_of(connection: AsyncConnection) -> Driver:
    opened = cast("Connection", connection.sync_connection)
    return cast("Driver", opened.connection.driver_connection)
