"""Two of the desk at the same moment, on both databases: neither writes back what the other just changed."""

import asyncio

import msgspec

from broker.change.records import RulesInForce, RulesOrder
from broker.change.service import ChangeService
from broker.model.kinds import Role
from broker.model.policy_records import PolicyChange
from broker.model.rules import Restrictions
from broker.policy.second_person import ChangeRefusal, ChangeRefused
from broker.store import SqlStore
from tests.broker.city import City
from tests.factories import CITY, SHARED, an_actor
from tests.fakes.providers import ObedientProvider

DESK = an_actor(Role.TENANT_ADMIN)


async def founded(store: SqlStore) -> tuple[City, ChangeService]:
    city = City(store, {"local": ObedientProvider()})
    await city.found()
    return city, ChangeService(store, lambda: None)


async def held_now(changes: ChangeService) -> RulesInForce:
    held = await changes.rules(DESK, SHARED)
    assert isinstance(held, RulesInForce)
    return held


async def save(changes: ChangeService, held: RulesInForce, max_sessions: int) -> PolicyChange | ChangeRefused:
    restrictions = msgspec.structs.replace(held.rules.restrictions, max_sessions=max_sessions)
    rules = msgspec.structs.replace(held.rules, restrictions=restrictions)
    order = RulesOrder(subject=SHARED, rules=rules, based_on=held.number)
    saved = await changes.save_rules(DESK, order, "見直し")
    assert isinstance(saved, PolicyChange | ChangeRefused)
    return saved


async def test_closing_a_pool_does_not_bring_its_old_rules_back(store: SqlStore) -> None:
    city, _changes = await founded(store)
    stricter = Restrictions(max_sessions=1)
    async with store.write() as tx:
        await tx.changes.hold_rules(CITY)
        pool = await tx.pools.get_pool(CITY, SHARED)
        assert pool is not None
        await tx.pools.put_pool(msgspec.structs.replace(pool, restrictions=stricter))
        closing = asyncio.create_task(city.pools.set_open(DESK, SHARED, False, "保守"))
        # Time enough for it to read the pool as it was, if nothing held it back.
        await asyncio.wait([closing], timeout=0.5)
    await closing
    async with store.read() as tx:
        after = await tx.pools.get_pool(CITY, SHARED)
    assert after is not None
    assert (after.is_open, after.restrictions) == (False, stricter)


async def test_of_two_versions_made_from_the_same_one_the_second_is_stale(store: SqlStore) -> None:
    _city, changes = await founded(store)
    await save(changes, await held_now(changes), 9)
    held = await held_now(changes)
    outcomes = await asyncio.gather(*(save(changes, held, limit) for limit in (5, 6, 7)))
    assert sum(isinstance(outcome, PolicyChange) for outcome in outcomes) == 1
    assert {outcome.code for outcome in outcomes if isinstance(outcome, ChangeRefused)} == {ChangeRefusal.STALE}
    async with store.read() as tx:
        pool = await tx.pools.get_pool(CITY, SHARED)
    assert pool is not None
    assert pool.restrictions.max_sessions == (await held_now(changes)).rules.restrictions.max_sessions
