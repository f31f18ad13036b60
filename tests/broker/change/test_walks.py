"""Whatever several people do to several changes, in any order: nothing is loosened by one person alone."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.change.exceptions import waiver_in
from broker.change.records import ExceptionOrder
from broker.change.service import ChangeService
from broker.lifecycle.policy_change import ChangeEvent, ChangeState
from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.model.rules import GrantName
from broker.store import SqlStore
from tests.factories import CITY, a_pool, a_tenant, a_zone

PEOPLE = (
    ("user:one", Role.TENANT_ADMIN),
    ("user:two", Role.SYSTEM_ADMIN),
    ("user:three", Role.AUDITOR),
    ("local:0", Role.SYSTEM_ADMIN),
)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("request"), st.integers(0, 3), st.integers(0, 2)),
        st.tuples(st.just(ChangeEvent.APPROVED), st.integers(0, 3), st.integers(0, 2)),
        st.tuples(st.sampled_from(ChangeEvent), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("days pass"), st.integers(1, 2), st.just(0)),
    ),
    min_size=4,
    max_size=14,
)


@pytest.fixture
async def store(sqlite_store: SqlStore) -> SqlStore:
    async with sqlite_store.write() as tx:
        await tx.people.put_tenant(a_tenant())
        await tx.pools.put_zone(a_zone())
        await tx.pools.put_pool(a_pool())
    return sqlite_store


async def an_actor(store: SqlStore, number: int) -> Actor:
    name, role = PEOPLE[number]
    async with store.read() as tx:
        factor_at = None if name.startswith("local:") else tx.now
    return Actor(tenant_id=CITY, name=name, roles=frozenset({role}), address="192.0.2.1", factor_at=factor_at)


async def request(store: SqlStore, changes: ChangeService, number: int, days: int) -> None:
    async with store.read() as tx:
        ends_on = tx.now.date() + timedelta(days=days + 1)
    order = ExceptionOrder(ends_on=ends_on, grants=frozenset({GrantName.PRINT_OUT}))
    await changes.request_exception(await an_actor(store, number), order, "工事")


async def all_changes(store: SqlStore) -> list[PolicyChange]:
    async with store.read() as tx:
        found = await tx.changes.list_changes(CITY, ChangeKind.EXCEPTION, limit=1000)
    return sorted(found, key=lambda change: change.number)


async def check(store: SqlStore, before: dict[str, PolicyChange]) -> dict[str, PolicyChange]:
    """What has to hold after every step; answers the changes for the next one."""
    changes = {change.id: change for change in await all_changes(store)}
    for change in changes.values():
        assert change.requested_by in {"user:one", "user:two"}
        if change.state in {ChangeState.APPROVED, ChangeState.REVOKED}:
            assert change.decided_by in {"user:one", "user:two"} - {change.requested_by}
        known = before.get(change.id)
        over = known is not None and known.state not in {ChangeState.REQUESTED, ChangeState.APPROVED}
        assert not over or change == known, "what is over stays as it was"
    async with store.read() as tx:
        tenant = await tx.people.get_tenant(CITY)
    assert tenant is not None
    approved = {change.id: waiver_in(change) for change in changes.values() if change.state is ChangeState.APPROVED}
    assert {waiver.id: waiver for waiver in tenant.rules.granted} == approved
    return changes


@given(_steps)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_nothing_is_loosened_by_one_person_alone(
    store: SqlStore, steps: list[tuple[ChangeEvent | str, int, int]]
) -> None:
    changes = ChangeService(store, lambda: None)
    before = {change.id: change for change in await all_changes(store)}
    mine = len(before)
    for what, who, which in steps:
        rows = (await all_changes(store))[mine:]
        if what == "request":
            await request(store, changes, who, which)
        elif what == "days pass":
            store.shift_clock(timedelta(days=who))
            await changes.expire()
        elif isinstance(what, ChangeEvent) and which < len(rows):
            await changes.decide(await an_actor(store, who), rows[which].id, what, "工事")
        before = await check(store, before)
