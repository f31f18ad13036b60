"""Transactions that lose a race begin again, and give up in the end."""

import asyncio

import pytest
from msgspec.structs import replace

from broker.errors import StoreUnavailable
from broker.model.ids import TenantId
from broker.model.records import Tenant
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


@pytest.mark.real
async def test_two_that_wait_for_each_other_both_come_through(postgresql_store: SqlStore) -> None:
    """The database ends such a wait by taking one of the two back: it begins again when the other is done."""
    other = replace(a_tenant(), id=TenantId("second-city"), hostnames=frozenset({"second.example"}))
    tenants = (a_tenant(), other)
    async with postgresql_store.write() as tx:
        for tenant in tenants:
            await tx.people.put_tenant(tenant)
    meet = asyncio.Barrier(2)
    tries: list[str] = []

    async def touch(first: Tenant, second: Tenant) -> None:
        async def work(tx: Transaction) -> None:
            tries.append(first.id)
            await tx.people.put_tenant(first)
            if len(tries) <= 2:
                await meet.wait()
            await tx.people.put_tenant(second)

        await write_again(postgresql_store, work)

    await asyncio.gather(touch(*tenants), touch(*reversed(tenants)))
    assert len(tries) == 3


async def test_who_always_loses_is_told(sqlite_store: SqlStore) -> None:
    async def work(tx: Transaction) -> None:
        raise LostRace("again")

    with pytest.raises(StoreUnavailable, match="races in a row"):
        await write_again(sqlite_store, work)
