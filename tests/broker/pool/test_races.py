"""Transactions that lose a race begin again, and give up in the end."""

import pytest

from broker.errors import StoreUnavailable
from broker.pool.races import LostRace, won, write_again
from broker.ports import Transaction
from broker.store import SqlStore
from tests.factories import a_tenant


async def test_a_lost_race_leaves_nothing_behind_and_is_run_again(sqlite_store: SqlStore) -> None:
    tries = 0

    async def work(tx: Transaction) -> int:
        nonlocal tries
        tries += 1
        assert await tx.people.list_tenants() == []
        await tx.people.put_tenant(a_tenant())
        return won(tries if tries == 3 else None)

    assert await write_again(sqlite_store, work) == 3


async def test_who_always_loses_is_told(sqlite_store: SqlStore) -> None:
    async def work(tx: Transaction) -> None:
        raise LostRace("again")

    with pytest.raises(StoreUnavailable, match="races in a row"):
        await write_again(sqlite_store, work)
