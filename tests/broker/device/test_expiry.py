"""The end of a certificate is told in steps, each of them once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.device.expiry import ExpiryWatch
from broker.device.records import DeviceState
from broker.device.rules import WARNING_DAYS, warning_step
from tests.broker.device.desk import OWNER, Desk

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@given(st.floats(-10, 400))
def test_the_step_is_the_lowest_that_was_reached(days: float) -> None:
    step = warning_step(NOW + timedelta(days=days), NOW)
    assert step == min((each for each in WARNING_DAYS if days <= each), default=None)


async def test_each_step_is_in_the_audit_once_and_a_renewal_begins_anew(desk_on_each: Desk) -> None:
    desk = desk_on_each
    issued = await desk.enrol()
    await desk.enrol(name="PC-0102")
    watches = [ExpiryWatch(desk.store), ExpiryWatch(desk.store)]
    desk.pass_days(desk.settings.certificate_days - 61)
    assert [await watch.warn() for watch in watches] == [0, 0]
    for passed in (1, 1, 29, 16, 7, 6, 0.5):
        desk.pass_days(passed)
        for watch in watches:
            await watch.warn()
    told = [record.detail["days"] for record in await desk.audit("device.expiry_warned")
            if record.detail["name"] == "PC-0101"]  # fmt: skip
    assert told == ["60", "30", "14", "7", "1"]
    await desk.renew(issued)
    assert await watches[0].warn() == 0
    desk.pass_days(desk.settings.certificate_days - 60)
    assert await watches[0].warn() == 1


async def test_of_two_nodes_that_look_at_once_one_tells(desk_on_each: Desk) -> None:
    device = (await desk_on_each.enrol()).device
    async with desk_on_each.store.read() as tx:
        seen = await tx.devices.get_device(device.tenant_id, device.id)
    assert seen is not None
    told: list[bool] = []
    for _node in range(2):
        async with desk_on_each.store.write() as tx:
            told.append(await tx.devices.mark_warned(seen, 60))
    assert told == [True, False]


async def test_a_desk_that_slept_is_told_the_present_step_alone(desk: Desk) -> None:
    await desk.enrol()
    desk.pass_days(desk.settings.certificate_days - 10)
    assert await ExpiryWatch(desk.store).warn() == 1
    (record,) = await desk.audit("device.expiry_warned")
    assert (record.detail["days"], record.detail["owner"], record.actor) == ("14", OWNER, "system")


async def test_nobody_is_warned_of_what_is_revoked_or_over(desk: Desk) -> None:
    issued = await desk.enrol()
    await desk.enrol(name="PC-0102")
    await desk.devices.revoke(desk.actor, issued.device.id, "返却")
    desk.pass_days(desk.settings.certificate_days + 1)
    assert await ExpiryWatch(desk.store).warn() == 0


@pytest.mark.parametrize("passed, state, left", [
    (0, DeviceState.ACTIVE, 364), (304.5, DeviceState.ACTIVE, 60), (305.5, DeviceState.EXPIRING, 59),
    (364.5, DeviceState.EXPIRING, 0), (366, DeviceState.EXPIRED, 0),
])  # fmt: skip
async def test_the_list_shows_how_long_each_is_good(desk: Desk, passed: float, state: DeviceState, left: int) -> None:
    await desk.enrol()
    desk.pass_days(passed)
    rows = await desk.devices.search(desk.actor, "")
    assert isinstance(rows, list)
    assert [(row.state, row.days_left) for row in rows] == [(state, left)]


async def test_a_person_is_told_of_their_own_devices_and_of_the_one_at_hand(desk: Desk) -> None:
    await desk.enrol()
    await desk.enrol(name="PC-0102", owner="suzuki")
    shared = await desk.enrol(name="PC-0103", owner="")
    assert await desk.devices.warnings_for(desk.tenant_id, OWNER, shared.device.id) == []
    desk.pass_days(desk.settings.certificate_days - 30)
    names = [each.name for each in await desk.devices.warnings_for(desk.tenant_id, OWNER.upper(), shared.device.id)]
    assert sorted(names) == ["PC-0101", "PC-0103"]
    await desk.devices.revoke(desk.actor, shared.device.id, "返却")
    assert len(await desk.devices.warnings_for(desk.tenant_id, OWNER, shared.device.id)) == 1
