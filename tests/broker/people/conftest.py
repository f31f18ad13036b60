"""The same city as at the door, seen from the IT desk."""

import pytest

from broker.store import SqlStore
from tests.broker.signin.city import City, open_city


@pytest.fixture
async def city(sqlite_store: SqlStore) -> City:
    return await open_city(sqlite_store)
