"""Two brokers on one database: whichever ends a session, the gateway hears of it from the one that it has dialled."""

import asyncio
import time

import pytest

from broker.lifecycle.session import SessionState
from broker.model.ids import UserId
from broker.model.kinds import Mode, Role
from broker.model.policy_records import ModeOrder
from broker.model.reasons import EndReason
from broker.settings import ReconcileSettings
from tests.broker.city import QUICK, City, ToldTunnels, running
from tests.factories import CITY, GATEWAY, an_actor
from tests.fakes.waiting import until


@pytest.fixture
def other(city: City) -> City:
    """The second broker. The gateway has dialled this one; what the first one wants to tell it gets nowhere."""
    second = City(city.store, city.providers, QUICK)
    second.tunnels.gateways = frozenset({GATEWAY})
    return second


async def test_what_one_broker_ends_the_other_ones_gateway_hears(city: City, other: City) -> None:
    session, spec = await city.work()
    await other.sessions.expire()
    assert other.tunnels.told == []
    await city.sessions.terminate(an_actor(Role.TENANT_ADMIN), session.id, "端末の紛失")
    await other.sessions.expire()
    assert other.tunnels.told == [(spec.attachment_id, EndReason.TERMINATED)]
    await other.sessions.expire()
    assert len(other.tunnels.told) == 1, "it is told once"


async def test_a_locked_person_is_gone_wherever_the_gateway_dialled(city: City, other: City) -> None:
    session, spec = await city.work()
    async with city.store.write() as tx:
        await tx.people.set_locked(CITY, UserId("user-1"), True)
    await city.sessions.expire()
    assert (await city.session(session.id)).end_reason is EndReason.ACCOUNT_LOCKED
    await other.sessions.expire()
    assert other.tunnels.told == [(spec.attachment_id, EndReason.ACCOUNT_LOCKED)]


async def test_a_second_screen_at_another_broker_takes_over(city: City, other: City) -> None:
    session, first = await city.work()
    await city.attach(session)
    await other.sessions.expire()
    assert other.tunnels.told == [(first.attachment_id, EndReason.TAKEN_OVER)]
    assert (await city.session(session.id)).state is SessionState.ACTIVE


async def test_a_gateway_that_is_only_presumed_lost_is_not_told_to_end_anything(city: City, other: City) -> None:
    await city.work()
    await city.sessions.gateway_silent(GATEWAY, is_told=False)
    await other.sessions.expire()
    assert other.tunnels.told == []


async def test_old_ends_are_left_to_the_heartbeats(city: City, other: City) -> None:
    await city.work()
    async with city.store.write() as tx:
        await tx.people.set_mode(CITY, ModeOrder(mode=Mode.MAINTENANCE))
    await city.sessions.expire()
    city.pass_time(60)
    await other.sessions.expire()
    assert other.tunnels.told == []


async def test_without_a_gateway_of_its_own_a_broker_asks_nothing(city: City) -> None:
    assert ToldTunnels().connected() == frozenset()
    await city.work()
    await city.sessions.expire()
    assert city.tunnels.told == []


@pytest.mark.parametrize("what", ["ended by the desk", "mode changed"])
async def test_it_takes_less_than_two_seconds_at_the_pace_of_a_site(city: City, what: str) -> None:
    one, two = (City(city.store, city.providers, ReconcileSettings()) for _ in range(2))
    two.tunnels.gateways = frozenset({GATEWAY})
    session, spec = await city.work()
    async with running(one.reconciler), running(two.reconciler):
        await asyncio.sleep(0.5)  # somewhere between two rounds
        began = time.monotonic()
        if what == "mode changed":
            async with city.store.write() as tx:
                await tx.people.set_mode(CITY, ModeOrder(mode=Mode.MAINTENANCE))
        else:
            await one.sessions.terminate(an_actor(Role.TENANT_ADMIN), session.id, "端末の紛失")
        await until(lambda: two.tunnels.told, 5, "the gateway is told by the broker that it has dialled")
        assert time.monotonic() - began < 2.0
    assert two.tunnels.told[0][0] == spec.attachment_id
