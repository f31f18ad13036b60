"""What goes into the database comes out as it was."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from broker.errors import StoreError
from broker.secret import Sealed
from broker.store import SqlStore
from tests.broker.store.rows import CITY, OFFICE, THEN, a_desktop, a_pool, a_user, fill

JAPAN = timezone(timedelta(hours=9))


async def test_a_time_without_a_zone_is_refused(store: SqlStore) -> None:
    await fill(store)
    naive = THEN.replace(tzinfo=None)
    with pytest.raises(StoreError, match="without a zone"):
        async with store.write() as tx:
            await tx.pools.add_desktop(a_desktop(1, state_since=naive))


async def test_times_keep_their_microseconds_and_come_out_in_utc(store: SqlStore) -> None:
    await fill(store)
    in_japan = datetime(2026, 4, 1, 0, 15, 0, 1, tzinfo=JAPAN)
    async with store.write() as tx:
        await tx.pools.add_desktop(a_desktop(1, state_since=in_japan, state_until=THEN))
    async with store.read() as tx:
        desktop = await tx.pools.get_desktop(CITY, a_desktop(1).id)
    assert desktop is not None
    assert desktop.state_since == in_japan
    assert desktop.state_since.tzinfo is UTC
    assert desktop.state_until == THEN


async def test_records_with_sets_grants_and_sealed_values_come_back_equal(store: SqlStore) -> None:
    await fill(store)
    desktop = a_desktop(1, credential=Sealed(bytes(range(256))), fault="応答なし")
    async with store.write() as tx:
        await tx.pools.add_desktop(desktop)
    async with store.read() as tx:
        assert await tx.pools.get_pool(CITY, OFFICE) == a_pool()
        assert await tx.pools.get_desktop(CITY, desktop.id) == desktop
        assert await tx.people.get_user(CITY, a_user(1).id) == a_user(1)
