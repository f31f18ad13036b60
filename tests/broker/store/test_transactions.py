"""A transaction happens whole or not at all, whatever comes in between."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import text

from broker.errors import StoreError, StoreUnavailable
from broker.lifecycle.desktop import DesktopState
from broker.model.records import Desktop
from broker.ports import AuditEntry, AuditQuery
from broker.store import SqlStore, open_store
from broker.store.engine import make_engine
from broker.store.location import locate
from tests.broker.store.rows import CITY, OFFICE, a_desktop, a_user, fill

ENTRY = AuditEntry(tenant_id=CITY, event="desktop.failed", actor="system", subject="desktop:desktop-1")


class _TestFault(Exception):
    pass


async def _state_of(store: SqlStore, number: int = 1) -> DesktopState | None:
    async with store.read() as tx:
        desktop = await tx.pools.get_desktop(CITY, a_desktop(number).id)
        return None if desktop is None else desktop.state


async def _fail_desktop(store: SqlStore) -> Desktop | None:
    async with store.write() as tx:
        failed = msgspec.structs.replace(a_desktop(1), state=DesktopState.FAULTY)
        await tx.audit.append(ENTRY)
        return await tx.pools.swap_desktop(a_desktop(1), failed)


async def test_an_exception_leaves_neither_the_change_nor_its_audit_record(store: SqlStore) -> None:
    await fill(store, desktops=1)
    with pytest.raises(_TestFault):
        async with store.write() as tx:
            await tx.pools.swap_desktop(a_desktop(1), msgspec.structs.replace(a_desktop(1), state=DesktopState.ABSENT))
            await tx.audit.append(ENTRY)
            raise _TestFault
    assert await _state_of(store) is DesktopState.READY
    async with store.read() as tx:
        assert await tx.audit.search(CITY, AuditQuery()) == []


async def test_a_caller_who_goes_away_leaves_all_or_nothing_and_nobody_waiting(store: SqlStore) -> None:
    """Given up at ever later moments, until one comes too late: the change and its record are both there or not."""
    await fill(store, desktops=1)
    for turns in (2**power for power in range(30)):
        task = asyncio.ensure_future(_fail_desktop(store))
        for _ in range(turns):
            if not task.done():
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        state = await _state_of(store)
        async with store.read() as tx:
            records = await tx.audit.search(CITY, AuditQuery())
        assert (state, len(records)) in {(DesktopState.READY, 0), (DesktopState.FAULTY, 1)}
        if state is DesktopState.FAULTY:
            break
    else:
        raise AssertionError("the change never came about")


async def test_a_reader_sees_one_state_while_others_write(store: SqlStore) -> None:
    await fill(store, desktops=1)
    async with store.read() as tx:
        before = await tx.pools.list_desktops(CITY)
        async with store.write() as writer:
            await writer.pools.add_desktop(a_desktop(2))
        assert await tx.pools.list_desktops(CITY) == before
    async with store.read() as tx:
        assert len(await tx.pools.list_desktops(CITY)) == 2


async def test_a_reader_can_not_write(store: SqlStore) -> None:
    await fill(store)
    with pytest.raises(StoreError, match="can't write"):
        async with store.read() as tx:
            await tx.pools.add_desktop(a_desktop(1))
    assert await _state_of(store) is None


async def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_itself(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="inside a write"):
        async with store.write(), store.write():
            pass
    await fill(store)


async def test_200_writers_at_once_all_get_their_turn(store: SqlStore) -> None:
    await fill(store)

    async def write(number: int) -> None:
        async with store.write() as tx:
            await tx.pools.add_desktop(a_desktop(number))
            await tx.audit.append(ENTRY)

    await asyncio.gather(*(write(number) for number in range(200)))
    async with store.read() as tx:
        assert await tx.pools.count_desktops(CITY, OFFICE) == 200
        assert len(await tx.audit.search(CITY, AuditQuery(limit=1000))) == 200


async def test_now_is_the_databases_clock_and_tests_may_shift_it(store: SqlStore) -> None:
    async with store.read() as tx:
        assert abs(tx.now - datetime.now(UTC)) < timedelta(seconds=5)
        assert tx.now.tzinfo is UTC
    store.shift_clock(timedelta(days=1))
    async with store.write() as tx:
        assert timedelta(hours=23) < tx.now - datetime.now(UTC) < timedelta(hours=25)


async def test_a_writer_outside_of_the_broker_is_waited_for(sqlite_store: SqlStore, sqlite_url: str) -> None:
    """A backup tool, for instance, holds the file for a moment."""
    await fill(sqlite_store, desktops=1)
    outsider = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    outsider.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(_fail_desktop(sqlite_store))
    assert await _state_of(sqlite_store) is DesktopState.READY
    assert not waiting.done()
    outsider.execute("ROLLBACK")
    outsider.close()
    assert await waiting is not None


@pytest.mark.real
async def test_a_database_that_restarts_is_unavailable_and_then_there_again(
    postgresql_store: SqlStore, postgresql_url: str
) -> None:
    await fill(postgresql_store, desktops=1)
    operator = make_engine(locate(postgresql_url), pool_size=0)
    with pytest.raises(StoreUnavailable):
        async with postgresql_store.write() as tx:
            await tx.audit.append(ENTRY)
            async with operator.connect() as connection:
                kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                await connection.execute(text(f"{kill} AND datname = current_database()"))
            await tx.audit.append(ENTRY)
    await operator.dispose()
    assert await _fail_desktop(postgresql_store) is not None
    async with postgresql_store.read() as tx:
        assert len(await tx.audit.search(CITY, AuditQuery())) == 1


@pytest.mark.real
async def test_of_two_writers_that_wait_for_each_other_one_is_told_to_try_again(postgresql_store: SqlStore) -> None:
    await fill(postgresql_store)
    first_holds, second_holds = asyncio.Event(), asyncio.Event()

    async def touch(mine: int, other: int, holds: asyncio.Event, other_holds: asyncio.Event) -> None:
        async with postgresql_store.write() as tx:
            await tx.people.mark_signed_in(CITY, a_user(mine).id)
            holds.set()
            await other_holds.wait()
            await tx.people.mark_signed_in(CITY, a_user(other).id)

    outcomes = await asyncio.gather(
        touch(1, 2, first_holds, second_holds), touch(2, 1, second_holds, first_holds), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "StoreConflict"]


async def test_a_store_that_is_closed_answers_as_unavailable_or_opens_again(database_url: str) -> None:
    store = await open_store(database_url)
    await store.close()
    await store.close()
