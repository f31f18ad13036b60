"""An exception from its request to its end: two people, a last day, and sessions that end with it."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from broker.change.records import ExceptionOrder, NoSuchChange
from broker.lifecycle.policy_change import ChangeState
from broker.lifecycle.session import SessionState
from broker.model.grants import Grants
from broker.model.ids import PoolId, ZoneId
from broker.model.kinds import Mode, Origin, Role, Segment
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.model.reasons import EndReason
from broker.model.rules import GrantName
from broker.policy.administration import Action, NotAllowed
from broker.policy.second_person import ChangeRefusal, ChangeRefused
from broker.pool.applying_rules import apply_tenant
from tests.broker.change.conftest import Desk
from tests.factories import CITY, LGWAN, SHARED, a_tenant, a_user, an_actor

TOKYO = ZoneInfo("Asia/Tokyo")
WHY = "庁舎の工事"


async def today(desk: Desk) -> date:
    async with desk.city.store.read() as tx:
        return tx.now.astimezone(TOKYO).date()


async def an_order(desk: Desk, *, days: int = 6, **changes: Any) -> ExceptionOrder:
    fields = {"grants": frozenset({GrantName.CLIPBOARD_IN}), "pools": frozenset({SHARED})}
    return ExceptionOrder(**({"ends_on": await today(desk) + timedelta(days=days)} | fields | changes))


async def request(desk: Desk, order: ExceptionOrder) -> PolicyChange:
    asked = await desk.changes.request_exception(await desk.first(), order, WHY)
    assert isinstance(asked, PolicyChange), asked
    return asked


async def grant(desk: Desk, order: ExceptionOrder) -> PolicyChange:
    """Asked for by the first, approved by the second."""
    asked = await request(desk, order)
    approved = await desk.approve(await desk.second(), asked.id, "確認済み")
    assert isinstance(approved, PolicyChange), approved
    return approved


async def let_paste(desk: Desk) -> None:
    """The shared pool would let people paste, if the baseline did. Its own limit is longer than any day."""
    await desk.city.change_pool(SHARED, grants=Grants(clipboard_in=True, absolute_limit_s=2 * 86400))


async def may_paste(desk: Desk) -> bool:
    session = await desk.city.open()
    return session.grants.clipboard_in


async def test_it_counts_from_the_second_persons_word_on_and_not_before(desk: Desk) -> None:
    await let_paste(desk)
    asked = await request(desk, await an_order(desk))
    assert asked.state is ChangeState.REQUESTED
    assert not await may_paste(desk)
    woken = desk.woken
    approved = await desk.approve(await desk.second(), asked.id, "確認済み")
    assert isinstance(approved, PolicyChange)
    assert (approved.state, approved.decided_by) == (ChangeState.APPROVED, f"user:{a_user(2).id}")
    assert desk.woken > woken
    await desk.city.sessions.log_off(desk.city.person(), (await desk.city.open()).id)
    assert await may_paste(desk)
    assert await desk.events("exception.") == ["exception.requested", "exception.approved"]


async def test_nobody_is_their_own_second_person(desk: Desk) -> None:
    asked = await request(desk, await an_order(desk))
    own = await desk.approve(await desk.first(), asked.id, "自分で")
    assert isinstance(own, ChangeRefused)
    assert own.code is ChangeRefusal.OWN_REQUEST
    other_role = await desk.actor(1, Role.SYSTEM_ADMIN)
    assert isinstance(await desk.approve(other_role, asked.id, "役割を変えて"), ChangeRefused)
    assert await desk.events("exception.") == ["exception.requested"]


async def test_the_second_person_has_signed_in_just_now_and_themselves(desk: Desk) -> None:
    asked = await request(desk, await an_order(desk))
    stale = await desk.approve(await desk.actor(2, Role.TENANT_ADMIN, signed_in_ago_s=601), asked.id, "後で")
    assert isinstance(stale, ChangeRefused)
    assert stale.code is ChangeRefusal.STEP_UP_NEEDED
    nobody = await desk.approve(await desk.root(), asked.id, "コマンドから")
    assert isinstance(nobody, ChangeRefused)
    assert nobody.code is ChangeRefusal.NOT_SIGNED_IN
    by_root = await desk.changes.request_exception(await desk.root(), await an_order(desk), WHY)
    assert isinstance(by_root, ChangeRefused)
    for roles in ([], [Role.AUDITOR], [Role.POOL_ADMIN]):
        stranger = await desk.actor(3, *roles)
        assert await desk.approve(stranger, asked.id, "x") == NotAllowed(Action.CHANGE_POLICY)
        assert await desk.changes.request_exception(stranger, await an_order(desk), WHY) == NotAllowed(
            Action.CHANGE_POLICY
        )
    assert await desk.changes.list_all(an_actor(), ChangeKind.EXCEPTION) == NotAllowed(Action.SEE_POLICY)


async def test_revoked_it_ends_at_once_also_for_whoever_is_connected(desk: Desk) -> None:
    await let_paste(desk)
    approved = await grant(desk, await an_order(desk))
    session, spec = await desk.city.work()
    assert spec.grants.clipboard_in
    revoked = await desk.revoke(await desk.root(), approved.id, "不要になった")
    assert isinstance(revoked, PolicyChange)
    assert revoked.state is ChangeState.REVOKED
    await desk.city.sessions.expire()
    assert desk.city.tunnels.told == [(spec.attachment_id, EndReason.GRANTS_CHANGED)]
    after = await desk.city.session(session.id)
    assert after.state is SessionState.DISCONNECTED, "the work stays"
    await desk.city.sessions.expire()
    assert len(desk.city.tunnels.told) == 1
    again, spec = await desk.city.work()
    assert (again.id, spec.grants.clipboard_in) == (session.id, False)


async def test_a_grant_that_came_with_a_later_tunnel_goes_as_well(desk: Desk) -> None:
    await let_paste(desk)
    session, spec = await desk.city.work()
    assert not spec.grants.clipboard_in
    approved = await grant(desk, await an_order(desk))
    _, spec = await desk.city.work()
    assert spec.grants.clipboard_in
    await desk.revoke(await desk.first(), approved.id, "不要になった")
    await desk.city.sessions.expire()
    assert (spec.attachment_id, EndReason.GRANTS_CHANGED) in desk.city.tunnels.told
    assert (await desk.city.session(session.id)).state is SessionState.DISCONNECTED


async def test_after_its_last_day_it_counts_no_more_whether_or_not_anybody_wrote_that_down(desk: Desk) -> None:
    await let_paste(desk)
    approved = await grant(desk, await an_order(desk, days=0))
    session, spec = await desk.city.work()
    midnight = spec.grants.ends_at
    assert midnight is not None, "the gateway ends it alone, if it has to"
    assert midnight == approved.until
    async with desk.city.store.read() as tx:
        left = (midnight - tx.now).total_seconds()
    desk.city.pass_time(left + 1)
    await desk.city.sessions.expire()
    assert (await desk.city.session(session.id)).state is SessionState.DISCONNECTED
    await desk.changes.expire()
    rows = await desk.changes.list_all(await desk.first(), ChangeKind.EXCEPTION)
    assert isinstance(rows, list)
    assert [(row.change.state, row.holds_now) for row in rows] == [(ChangeState.EXPIRED, False)]
    assert (await desk.events("exception."))[-1] == "exception.expired"
    async with desk.city.store.read() as tx:
        tenant = await tx.people.get_tenant(CITY)
    assert tenant is not None
    assert tenant.rules.granted == ()
    await desk.changes.expire()
    assert (await desk.events("exception.")).count("exception.expired") == 1


async def test_one_that_begins_later_waits_for_its_first_day(desk: Desk) -> None:
    await let_paste(desk)
    tomorrow = await today(desk) + timedelta(days=1)
    await grant(desk, await an_order(desk, starts_on=tomorrow))
    assert not await may_paste(desk)
    rows = await desk.changes.list_all(await desk.first(), ChangeKind.EXCEPTION)
    assert isinstance(rows, list)
    assert [(row.change.state, row.holds_now) for row in rows] == [(ChangeState.APPROVED, False)]
    await desk.city.sessions.log_off(desk.city.person(), (await desk.city.open()).id)
    desk.city.pass_time(86_400)
    assert await may_paste(desk)


async def test_a_request_is_rejected_by_somebody_else_or_withdrawn_by_its_own(desk: Desk) -> None:
    order = await an_order(desk)
    rejected = await desk.reject(await desk.second(), (await request(desk, order)).id, "理由が足りない")
    assert isinstance(rejected, PolicyChange)
    assert rejected.state is ChangeState.REJECTED
    late = await desk.approve(await desk.second(), rejected.id, "やはり")
    assert isinstance(late, ChangeRefused)
    assert late.code is ChangeRefusal.ALREADY_OVER
    asked = await request(desk, order)
    foreign = await desk.withdraw(await desk.second(), asked.id, "代わりに")
    assert isinstance(foreign, ChangeRefused)
    silent = await desk.withdraw(await desk.first(), asked.id, " ")
    assert isinstance(silent, ChangeRefused)
    assert silent.code is ChangeRefusal.REASON_MISSING
    withdrawn = await desk.withdraw(await desk.first(), asked.id, "不要")
    assert isinstance(withdrawn, PolicyChange)
    assert withdrawn.state is ChangeState.WITHDRAWN
    assert await desk.revoke(await desk.first(), "nothing", "x") == NoSuchChange()


WRONG: list[tuple[dict[str, Any], ChangeRefusal]] = [
    ({"days": -1}, ChangeRefusal.IN_PAST),
    ({"starts_on": date(2020, 4, 1)}, ChangeRefusal.IN_PAST),
    ({"days": 1, "starts_on": date(2999, 4, 1)}, ChangeRefusal.CONTRADICTORY),
    ({"days": 366}, ChangeRefusal.TOO_LONG),
    ({"ends_on": date.max}, ChangeRefusal.TOO_LONG),
    ({"pools": frozenset({PoolId("gone")})}, ChangeRefusal.CONTRADICTORY),
    ({"zones": frozenset({ZoneId("gone")})}, ChangeRefusal.CONTRADICTORY),
    ({"grants": frozenset()}, ChangeRefusal.CONTRADICTORY),
    ({"outside_hours": True}, ChangeRefusal.CONTRADICTORY),
    ({"for_mode": Mode.MAINTENANCE}, ChangeRefusal.CONTRADICTORY),
    ({"groups": frozenset({"a\u202eb"})}, ChangeRefusal.CONTRADICTORY),
    ({"grants": frozenset(), "origins": frozenset({Origin.OFFICE})}, ChangeRefusal.LOOSENS_NOTHING),
    ({"grants": frozenset(), "segments": frozenset({Segment.WIRELESS}), "zones": frozenset({LGWAN})},
     ChangeRefusal.LOOSENS_NOTHING),
]  # fmt: skip


@pytest.mark.parametrize("changes, code", WRONG)
async def test_what_cannot_hold_is_refused_with_its_reason(
    desk: Desk, changes: dict[str, Any], code: ChangeRefusal
) -> None:
    refused = await desk.changes.request_exception(await desk.first(), await an_order(desk, **changes), WHY)
    assert isinstance(refused, ChangeRefused)
    assert refused.code is code, refused.why
    assert refused.why
    unexplained = await desk.changes.request_exception(await desk.first(), await an_order(desk), "  ")
    assert isinstance(unexplained, ChangeRefused)
    assert unexplained.code is ChangeRefusal.REASON_MISSING


async def test_a_request_that_waited_too_long_is_not_approved(desk: Desk) -> None:
    asked = await request(desk, await an_order(desk, days=1))
    desk.city.pass_time(2 * 86_400)
    late = await desk.approve(await desk.second(), asked.id, "遅れて")
    assert isinstance(late, ChangeRefused)
    assert late.code is ChangeRefusal.IN_PAST
    await desk.changes.expire()
    rows = await desk.changes.list_all(await desk.first(), ChangeKind.EXCEPTION)
    assert isinstance(rows, list)
    assert rows[0].change.state is ChangeState.EXPIRED


async def test_of_two_who_decide_at_once_one_is_told_that_it_is_over(desk: Desk) -> None:
    asked = await request(desk, await an_order(desk))
    first = await desk.approve(await desk.second(), asked.id, "承認")
    other = await desk.actor(3, Role.TENANT_ADMIN)
    second = await desk.reject(other, asked.id, "却下")
    assert isinstance(first, PolicyChange)
    assert isinstance(second, ChangeRefused)
    assert second.code is ChangeRefusal.ALREADY_OVER


async def test_new_settings_leave_approved_exceptions_as_they_are(desk: Desk) -> None:
    await let_paste(desk)
    await grant(desk, await an_order(desk))
    async with desk.city.store.write() as tx:
        await apply_tenant(tx, msgspec.structs.replace(a_tenant(), name_ja="新港市"))
    assert await may_paste(desk)
