"""What goes into the database comes out as it was."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from broker.secret import Sealed
from broker.store import SqlStore
from broker.store.columns import UtcTime
from tests.broker.store.rows import CITY, OFFICE, THEN, a_desktop, a_pool, a_user, fill

JAPAN = timezone(timedelta(hours=9))


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])
def test_a_time_without_a_zone_is_refused(dialect: sqlite.dialect) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        UtcTime().process_bind_param(datetime(2026, 4, 1, 8, 30), dialect)  # noqa: DTZ001  # the point of the test


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
