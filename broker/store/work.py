"""An open transaction on its connection: how it begins, commits and ends on each of the two databases."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol, cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broker.store.engine import WRITES
from broker.store.faults import CONNECT_FAILURES, DRIVER_FAILURES, STATEMENT_FAILURES, fault_of, fault_of_driver

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

    async def begin(self, *, is_writing: bool) -> datetime:
        """The time of the beginning, by the database's clock. Raises what drivers raise."""
        if self.connection.dialect.name == "sqlite":
            await (await self.connection.execution_options(**(WRITES if is_writing else {}))).begin()
            # SQLite runs inside this process: its clock is the host's, but shows milliseconds only.
            return datetime.now(UTC)
        driver = self.driver = _driver_of(self.connection)
        await driver.execute(_BEGIN_WRITING if is_writing else _BEGIN_READING)
        moment: datetime = await driver.fetchval("SELECT clock_timestamp()")
        return moment.astimezone(UTC)

    @property
    def is_lost(self) -> bool:
        """Whether the server has closed the connection."""
        return self.driver is not None and self.driver.is_closed()

    async def commit(self) -> None:
        """Raises :class:`broker.errors.StoreError`."""
        try:
            if self.driver is None:
                await self.connection.commit()
            else:
                await self.driver.execute("COMMIT")
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
    while True:
        work = Work(await _connect(engine))
        taken.append(work)
        try:
            return work, await work.begin(is_writing=is_writing)
        except CONNECT_FAILURES as error:
            if not work.is_lost or len(taken) > _MOST_STALE:
                raise fault_of(error) from error


async def _connect(engine: AsyncEngine) -> AsyncConnection:
    try:
        return await engine.connect()
    except CONNECT_FAILURES as error:
        raise fault_of(error) from error


def _driver_of(connection: AsyncConnection) -> Driver:
    assert connection.sync_connection is not None
    return cast("Driver", connection.sync_connection.connection.driver_connection)
