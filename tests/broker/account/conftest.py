"""A town on each database."""

from collections.abc import AsyncIterator

import pytest

from broker.store import SqlStore
from tests.broker.account.town import Town, open_town


@pytest.fixture
async def town(store: SqlStore) -> AsyncIterator[Town]:
    opened = await open_town(store)
    yield opened
    opened.hasher.close()
