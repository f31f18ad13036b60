"""Disconnect, log-off, termination, limits."""

import pytest

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.ids import PoolId, SessionId
from broker.model.kinds import Role
from broker.model.reasons import EndReason
from broker.policy.administration import Action, NotAllowed
from broker.session.records import Disconnected, Ended, NoSuchSession
from broker.session.rules import ABANDONED_AFTER_S
from broker.wire.messages import EventKind
from tests.broker.city import City
from tests.factories import CITY, HOSTS, OWN, SHARED, a_pool, a_user, an_actor
from tests.fakes.providers import HostsProvider, ObedientProvider

DESK = an_actor(Role.POOL_ADMIN)


async def test_log_off_wipes_a_shared_desktop_before_the_next_person(city: City, provider: ObedientProvider) -> None:
    await city.change_pool(SHARED, target_ready=0, max_size=1)
    session, spec = await city.work()
    assert session.desktop_id is not None
    provider.machines[session.desktop_id].home.add("secret.odt")
    ended = await city.sessions.log_off(city.person(), session.id)
    assert ended == Ended(session_id=session.id, work_goes_on_until_limit=False)
    assert city.tunnels.told == [(spec.attachment_id, EndReason.LOGGED_OFF)]
    assert await city.assignments() == []
    assert (await city.desktop(session.desktop_id)).state is DesktopState.RESETTING
    second, _ = await city.work(2)
    assert second.desktop_id == session.desktop_id
    assert provider.machines[session.desktop_id].home == set()


async def test_each_start_has_a_password_of_its_own(city: City, provider: ObedientProvider) -> None:
    await city.change_pool(SHARED, target_ready=0, max_size=1)
    first, spec = await city.work()
    await city.sessions.log_off(city.person(), first.id)
    _, other = await city.work(2)
    assert spec.parameters["password"] != other.parameters["password"]


async def test_logging_off_twice_answers_the_same(city: City) -> None:
    session, _ = await city.work()
    first = await city.sessions.log_off(city.person(), session.id)
    events = len(await city.audit())
    assert await city.sessions.log_off(city.person(), session.id) == first
    assert len(await city.audit()) == events


async def test_a_host_that_cannot_log_off_is_said_to_and_rests(city: City, hosts: HostsProvider) -> None:
    await city.add_hosts("pc-1")
    session, _ = await city.work(1, HOSTS)
    ended = await city.sessions.log_off(city.person(), session.id)
    assert ended == Ended(session_id=session.id, work_goes_on_until_limit=True)
    await city.settle()
    assert (await city.desktop(session.desktop_id)).state is DesktopState.RESETTING
    waiting = await city.open(2, HOSTS)
    assert waiting.state is SessionState.QUEUED
    city.pass_time(21)
    await city.settle()
    assert (await city.session(waiting.id)).desktop_id == session.desktop_id
    assert hosts.probes.count("pc-1") == 2


async def test_logging_off_leaves_the_queue(city: City) -> None:
    session = await city.open()
    assert session.state is SessionState.QUEUED
    ended = await city.sessions.log_off(city.person(), session.id)
    assert ended == Ended(session_id=session.id, work_goes_on_until_limit=False)


async def test_disconnect_ends_the_tunnel_and_keeps_the_work(city: City) -> None:
    session, spec = await city.work()
    assert await city.sessions.disconnect(city.person(), session.id) == Disconnected(session.id)
    assert city.tunnels.told == [(spec.attachment_id, EndReason.CLIENT_CLOSED)]
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED
    assert (await city.desktop(session.desktop_id)).state is DesktopState.IN_USE
    assert await city.sessions.disconnect(city.person(), session.id) == Disconnected(session.id)
    await city.tell(spec, EventKind.DETACHED, EndReason.CLIENT_CLOSED)
    assert (await city.open()).id == session.id


async def test_nobody_touches_somebody_elses_session(city: City) -> None:
    session, _ = await city.work()
    assert await city.sessions.log_off(city.person(2), session.id) == NoSuchSession()
    assert await city.sessions.disconnect(city.person(2), session.id) == NoSuchSession()
    assert (await city.session(session.id)).state is SessionState.ACTIVE


async def test_the_it_desk_ends_a_session_with_a_reason(city: City) -> None:
    session, spec = await city.work()
    ended = await city.sessions.terminate(DESK, session.id, "端末の\n紛失\x1b[2J\u202e")
    assert ended == Ended(session_id=session.id, work_goes_on_until_limit=False)
    (record,) = await city.audit("session.terminated")
    assert (record.actor, record.address, record.detail["note"]) == (DESK.name, DESK.address, "端末の 紛失[2J")
    assert (spec.attachment_id, EndReason.TERMINATED) in city.tunnels.told
    assert (await city.session(session.id)).end_reason is EndReason.TERMINATED
    assert await city.sessions.terminate(DESK, SessionId("invented"), "") == NoSuchSession()


@pytest.mark.parametrize("roles", [(), (Role.AUDITOR,)])
async def test_who_may_not_terminate_does_not(city: City, roles: tuple[Role, ...]) -> None:
    session, _ = await city.work()
    refused = await city.sessions.terminate(an_actor(*roles), session.id, "")
    assert refused == NotAllowed(Action.TERMINATE_SESSION)
    assert (await city.session(session.id)).state is SessionState.ACTIVE


async def test_a_locked_person_loses_every_session(city: City) -> None:
    first, _ = await city.work(1)
    second, _ = await city.work(1, OWN)
    await city.sessions.end_all_of(CITY, a_user(1).id, EndReason.TERMINATED)
    for session in (first, second):
        assert (await city.session(session.id)).state is SessionState.ENDED
    assert len(city.tunnels.told) == 2


async def test_signing_out_ends_the_tunnels_and_keeps_the_work(city: City) -> None:
    session, spec = await city.work()
    await city.sessions.disconnect_all_of(CITY, a_user(1).id, EndReason.SIGNED_OUT)
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED
    assert city.tunnels.told == [(spec.attachment_id, EndReason.SIGNED_OUT)]


@pytest.mark.parametrize("pool_id", [SHARED, OWN])
async def test_work_that_nobody_comes_back_to_ends_at_the_pools_limit(city: City, pool_id: PoolId) -> None:
    session, spec = await city.work(1, pool_id)
    await city.tell(spec, EventKind.DETACHED, EndReason.CLIENT_CLOSED)
    city.pass_time(a_pool().disconnect_limit_s - 10)
    await city.sessions.expire()
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED
    city.pass_time(11)
    await city.sessions.expire()
    after = await city.session(session.id)
    assert (after.state, after.end_reason) == (SessionState.ENDED, EndReason.DISCONNECT_LIMIT)
    assert (await city.desktop(session.desktop_id)).state is DesktopState.RESETTING


async def test_a_desktop_that_nobody_ever_looked_at_goes_to_the_next(city: City) -> None:
    await city.change_pool(SHARED, target_ready=0, max_size=1)
    first = await city.open(1)
    second = await city.open(2)
    await city.settle()
    city.pass_time(ABANDONED_AFTER_S + 1)
    await city.settle()
    assert (await city.session(first.id)).end_reason is EndReason.ABANDONED
    assert (await city.session(second.id)).state is SessionState.REQUESTED


async def test_an_unused_ticket_gives_the_work_back_to_waiting(city: City) -> None:
    session, spec = await city.work()
    await city.tell(spec, EventKind.DETACHED, EndReason.CLIENT_CLOSED)
    await city.ticket(session)
    assert (await city.session(session.id)).state is SessionState.TICKETED
    city.pass_time(ABANDONED_AFTER_S + 1)
    await city.sessions.expire()
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED


async def test_time_does_not_end_a_session_that_somebody_is_attached_to(city: City) -> None:
    session, _ = await city.work()
    city.pass_time(a_pool().disconnect_limit_s * 3)
    await city.sessions.expire()
    assert (await city.session(session.id)).state is SessionState.ACTIVE
    city.pass_time(a_pool().grants.absolute_limit_s)
    await city.sessions.expire()
    assert (await city.session(session.id)).end_reason is EndReason.ABSOLUTE_LIMIT
