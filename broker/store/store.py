"""The store: transactions on SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from broker.errors import StoreError, StoreUnavailable
from broker.ports import Store
from broker.store.location import FileOwnership
from broker.store.statements import Statements
from broker.store.transaction import SqlTransaction
from broker.store.whole import whole
from broker.store.work import Work, begin_work

_TURN_WAIT_S: Final = 30.0


class SqlStore:
    """Implements :class:`broker.ports.Store`. Made by :func:`broker.store.open_store`; :meth:`close` ends it."""

    def __init__(self, engine: AsyncEngine, *, ownership: FileOwnership | None, is_read_only: bool) -> None:
        self._engine = engine
        self._ownership = ownership
        self._is_read_only = is_read_only
        self._shift = timedelta(0)
        # SQLite has one writer: those of this broker queue here, in order, instead of polling the file's lock.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None
        self._writers: set[asyncio.Task[Any]] = set()

    def read(self) -> AbstractAsyncContextManager[SqlTransaction]:
        return self._transaction(is_writing=False)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[SqlTransaction, None]:
        """Raises :class:`StoreError` on a read-only store, or inside another ``write`` of the same task."""
        if self._is_read_only:
            raise StoreError("this store was opened for reading only")
        async with self._take_turn(), self._transaction(is_writing=True) as transaction:
            yield transaction

    def shift_clock(self, by: timedelta) -> None:
        """Move ``now`` of all later transactions: tests cross limits without waiting for them."""
        self._shift += by

    async def close(self) -> None:
        """Close all connections and let go of a SQLite file."""
        await self._engine.dispose()
        if self._ownership is not None:
            self._ownership.give_up()

    @asynccontextmanager
    async def _take_turn(self) -> AsyncGenerator[None, None]:
        task = asyncio.current_task()
        if task is None or task in self._writers:
            raise StoreError("a write inside a write would wait for itself")
        if self._turn is not None:
            try:
                async with asyncio.timeout(_TURN_WAIT_S):
                    await self._turn.acquire()
            except TimeoutError as error:
                raise StoreUnavailable("other writers held the database for too long") from error
        self._writers.add(task)
        try:
            yield
        finally:
            self._writers.discard(task)
            if self._turn is not None:
                self._turn.release()

    @asynccontextmanager
    async def _transaction(self, *, is_writing: bool) -> AsyncGenerator[SqlTransaction, None]:
        taken: list[Work] = []
        try:
            work, moment = await whole(begin_work(self._engine, taken, is_writing=is_writing))
            yield SqlTransaction(Statements.of(work, now=moment + self._shift, is_writing=is_writing))
            await whole(work.commit())
        finally:
            # Rolls back what was not committed.
            for work in taken:
                await whole(work.end())


if TYPE_CHECKING:
    _IS_A_STORE: type[Store] = SqlStore
