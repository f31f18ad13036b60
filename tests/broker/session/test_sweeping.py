"""A live session ends when the reason for it disappears: within a round of the reconciler, with its reason."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from broker.device.records import RenewOrder
from broker.lifecycle.session import SessionState
from broker.model.grants import Grants
from broker.model.ids import DeviceId, TenantId, UserId
from broker.model.kinds import CertificateState, DeviceKind, Mode, Origin, Role, Segment
from broker.model.policy_records import ModeOrder, TeleworkApproval
from broker.model.reasons import DenyReason, EndReason, TicketRefusal
from broker.model.records import Session
from broker.model.rules import GrantName, Hours, Restrictions, Waiver
from broker.pool.records import Cut
from broker.ports import Transaction
from broker.session import sweeping
from broker.session.records import OpenDenied, RedeemDenied
from tests.broker.city import City
from tests.broker.device.desk import Desk
from tests.factories import CITY, GATEWAY, LGWAN, OWN, SHARED, a_tenant, a_user, a_web_session, an_actor, tunnel_of

TOKYO = ZoneInfo("Asia/Tokyo")


async def now_of(city: City) -> datetime:
    async with city.store.read() as tx:
        return tx.now


async def set_rules(city: City, restrictions: Restrictions) -> None:
    tenant = a_tenant()
    rules = msgspec.structs.replace(tenant.rules, restrictions=restrictions)
    async with city.store.write() as tx:
        await tx.people.put_tenant(msgspec.structs.replace(tenant, rules=rules))


async def set_waivers(city: City, *grants: GrantName) -> None:
    """The tenant's exception to the baseline, which lets nothing cross."""
    waiver = Waiver(
        id="clipboard",
        reason="庁内検証",
        author="desk",
        approver="chief",
        ends_on=(await now_of(city)).date() + timedelta(days=30),
        grants=frozenset(grants),
    )
    tenant = a_tenant()
    async with city.store.write() as tx:
        await tx.people.put_tenant(
            msgspec.structs.replace(tenant, rules=msgspec.structs.replace(tenant.rules, waivers=(waiver,)))
        )


async def move_home(city: City, number: int = 1) -> None:
    """The person signs in from home, on a lent device."""
    async with city.store.write() as tx:
        web = a_web_session(number, now=tx.now)
        await tx.signin.remove_web_session(web.token_hash)
        home = msgspec.structs.replace(
            web,
            origin=Origin.INTERNET,
            segment=Segment.UNKNOWN,
            device=DeviceKind.MANAGED,
            certificate=CertificateState.VALID,
        )
        await tx.signin.add_web_session(home)


async def approve(city: City, number: int, days: int) -> None:
    async with city.store.write() as tx:
        await tx.policy.put_approval(
            TeleworkApproval(
                tenant_id=CITY,
                login=a_user(number).login,
                ends_on=tx.now.astimezone(TOKYO).date() + timedelta(days=days),
                reason="在宅勤務",
                set_by="user:desk",
                set_at=tx.now,
            )
        )


async def test_a_locked_person_is_gone_even_when_the_broker_died_right_after_the_lock(city: City) -> None:
    session, spec = await city.work()
    async with city.store.write() as tx:
        await tx.people.set_locked(CITY, UserId("user-1"), True)
    city.restart()
    await city.sessions.expire()
    ended = await city.session(session.id)
    assert (ended.state, ended.end_reason) == (SessionState.ENDED, EndReason.ACCOUNT_LOCKED)
    assert city.tunnels.told == [(spec.attachment_id, EndReason.ACCOUNT_LOCKED)]
    record = (await city.audit("session.ended"))[-1]
    assert record.detail["rules"] == "not_locked"


async def hand_out(desk: Desk, number: int) -> DeviceId:
    return (await desk.enrol(name=f"PC-{number}", owner=a_user(number).login)).device.id


async def bind(city: City, number: int, device_id: DeviceId) -> None:
    """The person signs in anew, at a device of the desk."""
    async with city.store.write() as tx:
        web = a_web_session(number, now=tx.now)
        await tx.signin.remove_web_session(web.token_hash)
        bound = msgspec.structs.replace(web, certificate=CertificateState.VALID, device_id=device_id)
        await tx.signin.add_web_session(bound)


async def test_a_revoked_devices_sessions_end_and_nobody_elses(city: City) -> None:
    desk = Desk(city.store, CITY)
    lost, kept = await hand_out(desk, 1), await hand_out(desk, 2)
    await bind(city, 1, lost)
    await bind(city, 2, kept)
    mine, spec = await city.work(1)
    theirs, _ = await city.work(2)
    assert (mine.device_id, theirs.device_id) == (lost, kept)
    await city.sessions.expire()
    await desk.devices.revoke(desk.actor, lost, "紛失")
    await city.sessions.expire()
    ended = await city.session(mine.id)
    assert (ended.state, ended.end_reason) == (SessionState.ENDED, EndReason.DEVICE_REFUSED)
    assert city.tunnels.told == [(spec.attachment_id, EndReason.DEVICE_REFUSED)]
    assert (await city.audit("session.ended"))[-1].detail["rules"] == "certificate_valid"
    assert (await city.session(theirs.id)).state is SessionState.ACTIVE


async def test_a_certificates_end_ends_the_session_by_the_clock_and_a_renewal_in_time_does_not(city: City) -> None:
    desk = Desk(city.store, CITY)
    one, other = await hand_out(desk, 1), await hand_out(desk, 2)
    desk.pass_days(desk.settings.certificate_days - 0.01)
    await bind(city, 1, one)
    await bind(city, 2, other)
    ending, _ = await city.work(1)
    renewed, _ = await city.work(2)
    await desk.devices.renew(desk.actor, other, RenewOrder())
    await city.sessions.expire()
    assert (await city.session(ending.id)).state is SessionState.ACTIVE
    city.pass_time(0.02 * 86_400)
    await city.sessions.expire()
    assert (await city.session(ending.id)).end_reason is EndReason.DEVICE_REFUSED
    assert (await city.session(renewed.id)).state is SessionState.ACTIVE


async def test_a_device_whose_certificate_has_ended_opens_nothing_more(city: City) -> None:
    """The browser is still signed in; what its certificate proved in the morning is over."""
    desk = Desk(city.store, CITY)
    mine = await hand_out(desk, 1)
    desk.pass_days(desk.settings.certificate_days - 0.01)
    await bind(city, 1, mine)
    city.pass_time(0.02 * 86_400)
    refused = await city.sessions.open(city.person(), SHARED)
    assert isinstance(refused, OpenDenied)
    assert refused.reason is DenyReason.CERTIFICATE_NOT_VALID


async def test_a_ticket_of_a_device_that_is_lost_meanwhile_opens_nothing(city: City) -> None:
    desk = Desk(city.store, CITY)
    lost = await hand_out(desk, 1)
    await bind(city, 1, lost)
    session = await city.open()
    await city.settle()
    ticket = await city.ticket(session)
    await desk.devices.revoke(desk.actor, lost, "紛失")
    refused = await city.sessions.redeem(
        ticket=ticket.ticket.reveal(),
        tunnel_cookie=tunnel_of(1),
        gateway_id=GATEWAY,
        zones=(LGWAN,),
        entrance="portal",
        address="192.0.2.1",
    )
    assert refused == RedeemDenied(TicketRefusal.SIGNED_OUT)
    assert isinstance(await city.sessions.open(city.person(), SHARED), OpenDenied)


async def test_who_loses_the_entitlement_loses_the_session(city: City) -> None:
    session, _ = await city.work()
    await city.sessions.expire()
    await city.change_user(1, groups=frozenset({"others"}))
    await city.sessions.expire()
    assert (await city.session(session.id)).end_reason is EndReason.ENTITLEMENT_LOST


@pytest.mark.parametrize("mode, ends", [(Mode.MAINTENANCE, True), (Mode.DEGRADED, True), (Mode.BCP, False)])
async def test_a_mode_ends_what_it_does_not_let_in_and_its_drill_ends_nothing(
    city: City, mode: Mode, ends: bool
) -> None:
    session, _ = await city.work()
    async with city.store.write() as tx:
        await tx.people.set_mode(CITY, ModeOrder(mode=mode, is_drill=True))
    await city.sessions.expire()
    assert (await city.session(session.id)).state is SessionState.ACTIVE
    async with city.store.write() as tx:
        await tx.people.set_mode(CITY, ModeOrder(mode=mode))
    await city.sessions.expire()
    reason = (await city.session(session.id)).end_reason
    assert reason is (EndReason.MODE_CHANGED if ends else None)


async def test_a_priority_pool_goes_on_in_degraded_mode(city: City) -> None:
    await city.change_pool(SHARED, is_priority=True)
    session, _ = await city.work()
    async with city.store.write() as tx:
        await tx.people.set_mode(CITY, ModeOrder(mode=Mode.DEGRADED))
    await city.sessions.expire()
    assert (await city.session(session.id)).state is SessionState.ACTIVE


async def test_closing_a_pool_at_the_desk_lets_running_work_go_on(city: City) -> None:
    session, _ = await city.work()
    await city.pools.set_open(an_actor(Role.POOL_ADMIN), SHARED, False, "点検")
    await city.sessions.expire()
    assert (await city.session(session.id)).state is SessionState.ACTIVE


async def test_at_home_the_end_of_the_approval_ends_the_session_at_midnight(city: City) -> None:
    await city.change_pool(SHARED, origins=frozenset(Origin))
    await move_home(city)
    refused = await city.sessions.open(city.person(), SHARED)
    assert isinstance(refused, OpenDenied)
    await approve(city, 1, days=0)
    session, spec = await city.work()
    here = (await now_of(city)).astimezone(TOKYO)
    midnight = datetime.combine(here.date() + timedelta(days=1), time.min, TOKYO)
    assert spec.grants.ends_at == midnight
    await city.sessions.expire()
    assert (await city.session(session.id)).state is SessionState.ACTIVE
    async with city.store.write() as tx:
        assert await tx.policy.remove_approval(CITY, a_user(1).login)
    await city.sessions.expire()
    assert (await city.session(session.id)).end_reason is EndReason.APPROVAL_ENDED


async def test_a_rule_that_is_made_stricter_ends_what_it_refuses(city: City) -> None:
    session, _ = await city.work()
    await set_rules(city, Restrictions(origins=frozenset({Origin.SATELLITE})))
    await city.sessions.expire()
    assert (await city.session(session.id)).end_reason is EndReason.POLICY_CHANGED


async def test_hours_end_the_session_by_themselves(city: City) -> None:
    here = (await now_of(city)).astimezone(TOKYO)
    if here.time() >= time(23, 55):
        city.pass_time(600)
        here = (await now_of(city)).astimezone(TOKYO)
    closes = (here + timedelta(seconds=120)).time().replace(microsecond=0)
    hours = Hours(opens=time(0), closes=closes, on_closed_days=True)
    await set_rules(city, Restrictions(hours=hours))
    session, spec = await city.work()
    assert spec.grants.ends_at == datetime.combine(here.date(), closes, TOKYO)
    await city.sessions.expire()
    assert (await city.session(session.id)).state is SessionState.ACTIVE
    city.pass_time(125)
    await city.sessions.expire()
    assert (await city.session(session.id)).end_reason is EndReason.HOURS_ENDED
    refused = await city.sessions.open(city.person(), SHARED)
    assert isinstance(refused, OpenDenied)


async def test_of_two_sessions_where_one_is_allowed_the_older_one_stays(city: City) -> None:
    first, _ = await city.work(1, SHARED)
    second, _ = await city.work(1, OWN)
    await set_rules(city, Restrictions(max_sessions=1))
    await city.sessions.expire()
    assert (await city.session(first.id)).state is SessionState.ACTIVE
    assert (await city.session(second.id)).end_reason is EndReason.POLICY_CHANGED


async def test_where_nothing_changed_no_session_is_read(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    await city.work()
    await city.sessions.expire()
    read: list[object] = []

    async def watched(tx: object, tenant: object) -> list[object]:
        read.append(tenant)
        return []

    monkeypatch.setattr("broker.session.sweeping._read_people", watched)
    await city.sessions.expire()
    assert read == []
    city.pass_time(86_400)
    await city.sessions.expire()
    assert len(read) == 1


async def test_somebody_who_waits_in_the_queue_goes_too(city: City) -> None:
    await city.change_pool(SHARED, target_ready=0, max_size=1)
    await city.work(1)
    waiting = await city.open(2)
    assert waiting.state is SessionState.QUEUED
    await city.change_user(2, is_locked=True)
    await city.sessions.expire()
    assert (await city.session(waiting.id)).end_reason is EndReason.ACCOUNT_LOCKED


async def test_who_left_the_directory_loses_the_session(city: City) -> None:
    session, _ = await city.work()
    async with city.store.write() as tx:
        assert await tx.people.mark_left(CITY, UserId("user-1"))
        assert not await tx.people.mark_left(CITY, UserId("user-1"))
    await city.sessions.expire()
    assert (await city.session(session.id)).end_reason is EndReason.ACCOUNT_LOCKED


async def test_what_is_no_longer_granted_leaves_with_the_tunnel_and_the_work_stays(city: City) -> None:
    await city.change_pool(SHARED, grants=Grants(clipboard_in=True, clipboard_out=True))
    await set_waivers(city, GrantName.CLIPBOARD_IN, GrantName.CLIPBOARD_OUT)
    session, spec = await city.work()
    assert (spec.grants.clipboard_in, spec.grants.clipboard_out) == (True, True)
    await city.sessions.expire()
    assert city.tunnels.told == [], "nothing changed"
    await set_waivers(city, GrantName.CLIPBOARD_IN)
    await city.sessions.expire()
    assert city.tunnels.told == [(spec.attachment_id, EndReason.GRANTS_CHANGED)]
    after = await city.session(session.id)
    assert (after.state, after.desktop_id) == (SessionState.DISCONNECTED, session.desktop_id)

    renewed = await city.attach(after)
    assert (renewed.grants.clipboard_in, renewed.grants.clipboard_out) == (True, False)
    await city.sessions.expire()
    await city.sessions.expire()
    assert len(city.tunnels.told) == 1, "the new tunnel has what is granted now"


async def test_hours_that_are_made_longer_count_at_once(city: City) -> None:
    await city.change_pool(SHARED, grants=Grants(absolute_limit_s=3600))
    session, spec = await city.work()
    await city.change_pool(SHARED, grants=Grants(absolute_limit_s=7200))
    await city.sessions.expire()
    assert city.tunnels.told == [(spec.attachment_id, EndReason.GRANTS_CHANGED)]
    renewed = await city.attach(await city.session(session.id))
    assert renewed.grants.absolute_limit_s > 7100


async def test_a_fault_in_one_tenant_stops_nothing_in_the_others(city: City) -> None:
    """The first of them, in every order there is, has rows that nothing can be decided from."""
    session, _ = await city.work()
    broken = msgspec.structs.replace(
        a_tenant(), id=TenantId("a-broken"), hostnames=frozenset({"broken.example.jp"}), time_zone="Nowhere/Atall"
    )
    async with city.store.write() as tx:
        await tx.people.put_tenant(broken)
        await tx.people.set_locked(CITY, UserId("user-1"), True)
    for _ in range(2):
        await city.sessions.expire()
    ended = await city.session(session.id)
    assert (ended.state, ended.end_reason) == (SessionState.ENDED, EndReason.ACCOUNT_LOCKED)


async def test_a_session_that_fails_stops_nothing_in_its_tenant_and_is_looked_at_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = await city.work(1)
    other, _ = await city.work(2)
    settle = sweeping._settle  # the fault has to come from within
    failing = {min(one.id, other.id)}

    async def fail_at_first(tx: Transaction, seen: Session) -> list[Cut]:
        if seen.id in failing:
            failing.clear()
            raise ValueError("a row that nobody can read")
        return await settle(tx, seen)

    monkeypatch.setattr(sweeping, "_settle", fail_at_first)
    async with city.store.write() as tx:
        for number in (1, 2):
            await tx.people.set_locked(CITY, UserId(f"user-{number}"), True)
    await city.sessions.expire()
    states = {(await city.session(it.id)).state for it in (one, other)}
    assert SessionState.ENDED in states
    await city.sessions.expire()
    assert [(await city.session(it.id)).state for it in (one, other)] == [SessionState.ENDED, SessionState.ENDED]
