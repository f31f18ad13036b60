"""An IT desk on each database."""

import pytest

from broker.store import SqlStore
from tests.broker.device.desk import Desk
from tests.broker.store.rows import CITY, fill


@pytest.fixture
async def desk(sqlite_store: SqlStore) -> Desk:
    await fill(sqlite_store)
    return Desk(sqlite_store, CITY)


@pytest.fixture
async def desk_on_each(store: SqlStore) -> Desk:
    await fill(store)
    return Desk(store, CITY)
