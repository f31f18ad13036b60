"""A mode that the baseline wants two people for."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from broker.lifecycle.policy_change import ChangeState
from broker.model.kinds import Mode
from broker.model.policy_records import ChangeKind, ModeOrder, PolicyChange
from broker.policy.second_person import ChangeRefusal, ChangeRefused
from broker.session.desk_records import ModeAwaits, ModeState, Refusal
from tests.broker.change.conftest import Desk
from tests.factories import a_tenant


async def ask_for_two(desk: Desk) -> None:
    tenant = a_tenant()
    assert tenant.rules.baseline is not None
    baseline = msgspec.structs.replace(tenant.rules.baseline, two_people_for=frozenset({Mode.BCP}))
    async with desk.city.store.write() as tx:
        rules = msgspec.structs.replace(tenant.rules, baseline=baseline)
        await tx.people.put_tenant(msgspec.structs.replace(tenant, rules=rules))


async def an_order(desk: Desk, *, is_drill: bool = False) -> ModeOrder:
    async with desk.city.store.read() as tx:
        return ModeOrder(mode=Mode.BCP, until=tx.now + timedelta(hours=8), is_drill=is_drill)


async def mode_now(desk: Desk) -> Mode:
    state = await desk.policy.mode(await desk.first())
    assert isinstance(state, ModeState)
    return state.now


async def test_it_begins_with_the_second_persons_word_and_ends_by_itself(desk: Desk) -> None:
    await ask_for_two(desk)
    waits = await desk.policy.set_mode(await desk.first(), await an_order(desk), "地震")
    assert isinstance(waits, ModeAwaits)
    assert await mode_now(desk) is Mode.NORMAL
    own = await desk.approve(await desk.first(), waits.change_id, "自分で")
    assert isinstance(own, ChangeRefused)
    assert own.code is ChangeRefusal.OWN_REQUEST
    assert isinstance(await desk.approve(await desk.second(), waits.change_id, "確認済み"), PolicyChange)
    assert await mode_now(desk) is Mode.BCP
    desk.city.pass_time(8 * 3600 + 1)
    assert await mode_now(desk) is Mode.NORMAL
    await desk.changes.expire()
    rows = await desk.changes.list_all(await desk.first(), ChangeKind.MODE)
    assert isinstance(rows, list)
    assert [row.change.state for row in rows] == [ChangeState.EXPIRED]
    assert await desk.events("mode.") == ["mode.requested", "mode.changed", "mode.approved", "mode.expired"]


async def test_a_drill_and_what_is_stricter_need_one_person(desk: Desk) -> None:
    await ask_for_two(desk)
    drill = await desk.policy.set_mode(await desk.first(), await an_order(desk, is_drill=True), "訓練")
    assert isinstance(drill, ModeState)
    degraded = await desk.policy.set_mode(await desk.first(), ModeOrder(mode=Mode.DEGRADED), "停電")
    assert isinstance(degraded, ModeState)
    assert isinstance(await desk.policy.set_mode(await desk.root(), await an_order(desk), "地震"), Refusal)


async def test_going_back_to_normal_needs_nobody_and_puts_the_approved_one_aside(desk: Desk) -> None:
    await ask_for_two(desk)
    waits = await desk.policy.set_mode(await desk.first(), await an_order(desk), "地震")
    assert isinstance(waits, ModeAwaits)
    await desk.approve(await desk.second(), waits.change_id, "確認済み")
    await desk.policy.set_mode(await desk.first(), ModeOrder(mode=Mode.NORMAL), "復旧")
    assert await mode_now(desk) is Mode.NORMAL
    rows = await desk.changes.list_all(await desk.first(), ChangeKind.MODE)
    assert isinstance(rows, list)
    assert rows[0].change.state is ChangeState.REPLACED
    again = await desk.approve(await desk.second(), waits.change_id, "もう一度")
    assert isinstance(again, ChangeRefused)


async def test_a_drill_never_ends_the_mode_that_is_in_force(desk: Desk) -> None:
    await desk.policy.set_mode(await desk.first(), ModeOrder(mode=Mode.MAINTENANCE), "停電")
    refused = await desk.policy.set_mode(await desk.first(), await an_order(desk, is_drill=True), "訓練")
    assert isinstance(refused, Refusal)
    assert await mode_now(desk) is Mode.MAINTENANCE
    await desk.policy.set_mode(await desk.first(), ModeOrder(mode=Mode.NORMAL), "復旧")
    drill = await desk.policy.set_mode(await desk.first(), await an_order(desk, is_drill=True), "訓練")
    assert isinstance(drill, ModeState)
    real = await desk.policy.set_mode(await desk.first(), await an_order(desk), "地震")
    assert isinstance(real, ModeState)
    assert real.now is Mode.BCP, "a drill stands in nobody's way"


@pytest.mark.parametrize(
    "until",
    [
        datetime.max.replace(tzinfo=UTC),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
        datetime(2999, 1, 1),  # noqa: DTZ001  as somebody may send it
    ],
)
async def test_an_end_that_no_page_could_show_is_refused(desk: Desk, until: datetime) -> None:
    """It would stand at the top of every page, the sign-in's too."""
    order = ModeOrder(mode=Mode.DEGRADED, until=until, is_drill=True)
    assert isinstance(await desk.policy.set_mode(await desk.first(), order, "訓練"), Refusal)
    assert await mode_now(desk) is Mode.NORMAL
