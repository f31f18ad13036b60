"""Changes of rules on both databases: numbered, swapped once, due when their end has come."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from broker.errors import StoreError
from broker.lifecycle.policy_change import ChangeState
from broker.model.policy_records import ChangeKind, ChangeSource, PolicyChange
from broker.model.rules import Restrictions, TenantRules
from broker.store import SqlStore
from tests.broker.store.rows import CITY, THEN, TOWN, fill

CHANGE = PolicyChange(
    tenant_id=CITY,
    id="c-1",
    kind=ChangeKind.EXCEPTION,
    subject="",
    number=1,
    state=ChangeState.REQUESTED,
    version=1,
    source=ChangeSource.CONSOLE,
    content='{"id":"c-1"}',
    reason="庁舎の工事",
    requested_by="user:one",
    requested_at=THEN,
    until=THEN + timedelta(days=7),
)
replace = msgspec.structs.replace


async def epoch(store: SqlStore) -> int:
    async with store.read() as tx:
        return (await tx.policy.list_epochs()).get(CITY, 0)


async def test_a_change_goes_in_and_comes_out_with_its_people(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await tx.changes.add_change(CHANGE)
        approved = replace(CHANGE, state=ChangeState.APPROVED, decided_by="user:two", decided_at=THEN)
        stored = await tx.changes.swap_change(CHANGE, approved)
        assert stored == replace(approved, version=2)
        assert await tx.changes.swap_change(CHANGE, approved) is None, "somebody was faster"
        assert await tx.changes.get_change(CITY, "c-1") == stored
        assert await tx.changes.get_change(TOWN, "c-1") is None
        assert await tx.changes.list_approved(CITY, ChangeKind.EXCEPTION) == [stored]
        assert await tx.changes.list_approved(CITY, ChangeKind.RULES) == []
        with pytest.raises(StoreError):
            await tx.changes.swap_change(CHANGE, replace(CHANGE, id="c-2"))


async def test_numbers_count_for_each_kind_and_subject_and_never_twice(store: SqlStore) -> None:
    await fill(store)

    async def add(number: int) -> None:
        async with store.write() as tx:
            await tx.changes.hold_rules(CITY)
            taken = await tx.changes.next_number(CITY, ChangeKind.RULES, "office")
            at = THEN + timedelta(seconds=taken)
            change = replace(CHANGE, id=f"r-{number}", kind=ChangeKind.RULES, subject="office", number=taken)
            await tx.changes.add_change(replace(change, requested_at=at))

    await asyncio.gather(*(add(number) for number in range(6)))
    async with store.write() as tx:
        listed = await tx.changes.list_changes(CITY, ChangeKind.RULES, subject="office")
        assert [change.number for change in listed] == [6, 5, 4, 3, 2, 1]
        assert await tx.changes.list_changes(CITY, ChangeKind.RULES, subject="") == []
        assert len(await tx.changes.list_changes(CITY, ChangeKind.RULES, limit=2)) == 2
        assert await tx.changes.next_number(CITY, ChangeKind.EXCEPTION, "office") == 1


async def test_only_what_is_not_over_comes_due(store: SqlStore) -> None:
    await fill(store)
    others = [
        replace(CHANGE, id="c-2", number=2, state=ChangeState.APPROVED),
        replace(CHANGE, id="c-3", number=3, state=ChangeState.REVOKED),
        replace(CHANGE, id="c-4", number=4, until=None),
        replace(CHANGE, id="c-5", number=5, until=THEN + timedelta(days=8)),
    ]
    async with store.write() as tx:
        for change in (CHANGE, *others):
            await tx.changes.add_change(change)
        due = await tx.changes.list_due(THEN + timedelta(days=7))
    assert [change.id for change in due] == ["c-1", "c-2"]


async def test_rules_are_put_alone_and_the_epoch_grows(store: SqlStore) -> None:
    await fill(store)
    before = await epoch(store)
    rules = TenantRules(restrictions=Restrictions(max_sessions=2))
    async with store.write() as tx:
        found = await tx.people.get_tenant(CITY)
        await tx.changes.put_rules(CITY, rules)
        assert found is not None
        assert await tx.people.get_tenant(CITY) == replace(found, rules=rules)
    assert await epoch(store) > before
