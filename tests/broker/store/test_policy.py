"""Approvals, decisions and the epoch of the rules on both databases."""

from datetime import date, timedelta

import msgspec

from broker.model.ids import TenantId, UserId
from broker.model.kinds import Mode
from broker.model.policy_records import DecisionRecord, ModeOrder, TeleworkApproval
from broker.model.reasons import DenyReason
from broker.model.rules import Restrictions, TenantRules
from broker.policy.baseline_profile import shipped_baseline
from broker.store import SqlStore
from tests.broker.store.rows import CITY, OFFICE, SOMEBODY, THEN, a_pool, a_tenant, a_user, fill

APPROVAL = TeleworkApproval(
    tenant_id=CITY, login="staff001", ends_on=date(2027, 3, 31), reason="在宅勤務", set_by="user:desk", set_at=THEN
)
DECISION = DecisionRecord(
    tenant_id=CITY, id="d-1", at=THEN, user_id=SOMEBODY, pool_id=OFFICE, reason=None, version=2, facts="{}"
)


async def epoch(store: SqlStore, tenant_id: TenantId = CITY) -> int:
    async with store.read() as tx:
        return (await tx.policy.list_epochs()).get(tenant_id, 0)


async def test_an_approval_goes_in_and_comes_out(store: SqlStore) -> None:
    await fill(store)
    later = msgspec.structs.replace(APPROVAL, ends_on=date(2028, 3, 31))
    async with store.write() as tx:
        await tx.policy.put_approval(APPROVAL)
        assert await tx.policy.get_approval(CITY, "staff001") == APPROVAL
        await tx.policy.put_approval(later)
        assert await tx.policy.list_approvals(CITY) == [later]
        assert await tx.policy.remove_approval(CITY, "staff001")
        assert not await tx.policy.remove_approval(CITY, "staff001")
        assert await tx.policy.get_approval(CITY, "staff001") is None


async def test_decisions_come_newest_first_and_are_forgotten(store: SqlStore) -> None:
    await fill(store)
    newer = msgspec.structs.replace(DECISION, id="d-2", at=THEN + timedelta(days=1), reason=DenyReason.POOL_CLOSED)
    async with store.write() as tx:
        await tx.policy.add_decision(DECISION)
        await tx.policy.add_decision(newer)
        assert await tx.policy.list_decisions(CITY, THEN, 10) == [newer, DECISION]
        assert await tx.policy.list_decisions(CITY, THEN, 1) == [newer]
        assert await tx.policy.list_decisions(CITY, THEN + timedelta(hours=1), 10) == [newer]
        assert await tx.policy.purge_decisions(THEN + timedelta(hours=1)) == 1
        assert await tx.policy.list_decisions(CITY, THEN, 10) == [newer]


async def test_rules_and_modes_come_back_as_they_were_written(store: SqlStore) -> None:
    await fill(store)
    rules = TenantRules(baseline=shipped_baseline(), restrictions=Restrictions(step_up_s=60))
    tenant = a_tenant(rules=rules, mode=Mode.BCP, mode_until=THEN, mode_is_drill=True)
    pool = a_pool(restrictions=Restrictions(days_per_week=3), is_priority=True)
    async with store.write() as tx:
        await tx.people.put_tenant(tenant)
        await tx.pools.put_pool(pool)
        assert await tx.people.get_tenant(CITY) == tenant
        assert await tx.pools.get_pool(CITY, OFFICE) == pool


async def test_the_epoch_grows_with_what_live_sessions_rest_on_and_with_nothing_else(store: SqlStore) -> None:
    await fill(store)
    user = a_user()

    async def grows(change: str) -> bool:
        before = await epoch(store)
        async with store.write() as tx:
            match change:
                case "lock":
                    await tx.people.set_locked(CITY, UserId(user.id), True)
                case "mode":
                    await tx.people.set_mode(CITY, ModeOrder(mode=Mode.DEGRADED))
                case "groups":
                    await tx.people.put_user(msgspec.structs.replace(user, groups=frozenset({"others"})))
                case "same person again":
                    await tx.people.put_user(msgspec.structs.replace(user, groups=frozenset({"others"})))
                case "newcomer":
                    await tx.people.put_user(a_user(77))
                case "pool":
                    await tx.pools.put_pool(a_pool(is_open=False))
                case "approval":
                    await tx.policy.put_approval(APPROVAL)
                case _:
                    await tx.policy.add_decision(DECISION)
        return await epoch(store) > before

    changes = ("lock", "mode", "groups", "same person again", "newcomer", "pool", "approval", "decision")
    assert [change for change in changes if await grows(change)] == ["lock", "mode", "groups", "pool", "approval"]


async def test_many_people_are_read_at_once(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        for number in range(10, 20):
            await tx.people.put_user(a_user(number))
        found = await tx.people.get_users(CITY, [UserId("user-10"), UserId("user-11"), UserId("nobody")])
    assert sorted(found) == ["user-10", "user-11"]
