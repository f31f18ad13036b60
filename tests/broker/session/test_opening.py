"""From the portal's button to a desktop or a place in the queue."""

import asyncio

import msgspec
import pytest

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.ids import PoolId
from broker.model.kinds import Mode
from broker.model.policy_records import ModeOrder
from broker.model.reasons import DenyReason
from broker.session.records import NoSuchPool, OpenDenied, Preparing
from broker.store import SqlStore
from tests.broker.city import City
from tests.factories import CITY, HOSTS, OWN, SHARED, a_desktop, a_pool, a_web_session
from tests.fakes.providers import FailingProvider, ObedientProvider


async def test_a_ready_spare_is_given_at_once(city: City) -> None:
    await city.settle()
    session = await city.open()
    assert session.state is SessionState.REQUESTED
    assert (await city.desktop(session.desktop_id)).state is DesktopState.RESERVED
    (assignment,) = await city.assignments()
    assert (assignment.desktop_id, assignment.id) == (session.desktop_id, session.assignment_id)
    events = [record.event for record in await city.audit("session.")]
    assert events == ["session.opened", "session.assigned"]
    assert [record.subject for record in await city.audit("assignment.made")] == [f"assignment:{assignment.id}"]


async def test_a_spare_is_started_in_place_of_the_one_that_was_given(city: City) -> None:
    await city.settle()
    await city.open()
    await city.settle()
    assert sorted(d.state for d in await city.desktops(SHARED)) == [DesktopState.READY, DesktopState.RESERVED]


async def test_opening_again_returns_to_the_same_session(city: City) -> None:
    first = await city.open()
    second = await city.open()
    assert second.id == first.id
    assert len(await city.live_sessions()) == 1


async def test_two_clicks_at_the_same_time_are_one_session(city: City) -> None:
    await city.settle()
    sessions = await asyncio.gather(*(city.open() for _ in range(5)))
    assert len({session.id for session in sessions}) == 1
    assert len(await city.assignments()) == 1


async def test_who_finds_no_spare_queues_and_is_served_in_order(city: City) -> None:
    await city.change_pool(SHARED, target_ready=0, max_size=1)
    first, second, third = [await city.open(number) for number in (1, 2, 3)]
    assert first.state is SessionState.QUEUED
    places = []
    for number, session in enumerate((first, second, third), 1):
        answer = await city.sessions.issue_ticket(city.person(number), session.id)
        assert isinstance(answer, Preparing)
        places.append(answer.position)
    assert places == [1, 2, 3]
    await city.settle()
    assert (await city.session(first.id)).state is SessionState.REQUESTED
    await city.sessions.log_off(city.person(1), first.id)
    await city.settle()
    assert (await city.session(second.id)).state is SessionState.REQUESTED
    assert (await city.session(third.id)).state is SessionState.QUEUED


async def test_who_comes_later_never_passes_those_who_wait(city: City) -> None:
    await city.change_pool(SHARED, target_ready=0, max_size=2)
    waiting = await city.open(1)
    # A desktop becomes ready without anybody having served the queue yet.
    async with city.store.write() as tx:
        await tx.pools.add_desktop(a_desktop(DesktopState.READY, since=tx.now))
    later = await city.open(2)
    assert later.state is SessionState.QUEUED
    await city.settle()
    assert (await city.session(waiting.id)).desktop_id is not None


async def test_the_queue_survives_the_broker(city: City) -> None:
    session = await city.open()
    city.restart()
    await city.settle()
    assert (await city.session(session.id)).state is SessionState.REQUESTED


async def test_a_personal_desktop_is_made_at_the_first_open_and_kept(city: City, provider: ObedientProvider) -> None:
    session, _ = await city.work(1, OWN)
    desktop = await city.desktop(session.desktop_id)
    assert (desktop.owner_id, desktop.state) == (session.user_id, DesktopState.IN_USE)
    provider.machines[desktop.id].home.add("report.odt")
    await city.sessions.log_off(city.person(1), session.id)
    await city.settle()
    assert (await city.desktop(desktop.id)).state is DesktopState.STOPPED
    assert desktop.id not in provider.machines
    again, _ = await city.work(1, OWN)
    assert again.desktop_id == desktop.id
    assert provider.machines[desktop.id].home == {"report.odt"}


async def test_a_personal_desktop_that_is_opened_while_it_stops_starts_again(city: City) -> None:
    session, _ = await city.work(1, OWN)
    await city.sessions.log_off(city.person(1), session.id)
    again = await city.open(1, OWN)
    assert again.id != session.id
    await city.settle()
    assert (await city.desktop(again.desktop_id)).state is DesktopState.RESERVED
    await city.attach(again)


async def test_a_full_personal_pool_queues(city: City) -> None:
    await city.change_pool(OWN, max_size=1)
    await city.open(1, OWN)
    waiting = await city.open(2, OWN)
    assert waiting.state is SessionState.QUEUED
    await city.change_pool(OWN, max_size=2)
    await city.settle()
    assert (await city.session(waiting.id)).state is SessionState.REQUESTED


async def test_the_owner_of_a_faulty_desktop_does_not_wait_for_its_back_off(sqlite_store: SqlStore) -> None:
    failing = FailingProvider(is_transient=False)
    city = City(sqlite_store, {"local": failing})
    await city.found()
    session = await city.open(1, OWN)
    await city.settle()
    assert (await city.session(session.id)).state is SessionState.FAILED
    assert (await city.desktop(session.desktop_id)).state is DesktopState.FAULTY
    failing.failing.clear()
    again = await city.open(1, OWN)
    await city.settle()
    assert (await city.desktop(again.desktop_id)).state is DesktopState.RESERVED


async def test_a_registered_host_is_given_with_its_own_account(city: City) -> None:
    await city.add_hosts("pc-1", "pc-2")
    await city.settle()
    session = await city.open(1, HOSTS)
    spec = await city.attach(session)
    name = (await city.desktop(session.desktop_id)).name
    assert spec.parameters["hostname"] == f"{name}.test"
    assert (spec.parameters["username"], spec.parameters["password"]) == ("taro", "himitsu")


async def test_every_refusal_names_its_rule_and_is_audited(city: City) -> None:
    await city.change_user(1, groups=frozenset({"others"}))
    outcome = await city.sessions.open(city.person(1), SHARED)
    assert isinstance(outcome, OpenDenied)
    assert outcome.reason is DenyReason.NOT_ENTITLED
    assert [rule.rule for rule in outcome.trace if not rule.passed] == ["entitled"]
    (record,) = await city.audit("policy.denied")
    assert (record.outcome, record.subject, record.detail) == (
        "not_entitled",
        f"pool:{SHARED}",
        {"rules": "entitled"},
    )
    assert await city.live_sessions() == []


@pytest.mark.parametrize("pool_id", [SHARED, OWN])
async def test_what_changed_since_the_page_was_loaded_counts(city: City, pool_id: PoolId) -> None:
    async def refused() -> DenyReason:
        outcome = await city.sessions.open(city.person(1), pool_id)
        assert isinstance(outcome, OpenDenied)
        return outcome.reason

    await city.change_user(1, is_locked=True)
    assert await refused() is DenyReason.ACCOUNT_LOCKED
    await city.change_user(1)
    await city.change_pool(pool_id, is_open=False)
    assert await refused() is DenyReason.POOL_CLOSED
    await city.change_pool(pool_id, is_open=True)
    async with city.store.write() as tx:
        await tx.people.set_mode(CITY, ModeOrder(mode=Mode.MAINTENANCE))
    assert await refused() is DenyReason.MAINTENANCE
    async with city.store.write() as tx:
        await tx.people.set_mode(CITY, ModeOrder(mode=Mode.NORMAL))
        await tx.signin.remove_web_session(a_web_session(1).token_hash)
    assert await refused() is DenyReason.NOT_SIGNED_IN


async def test_an_expired_web_session_opens_nothing(city: City) -> None:
    city.pass_time(11 * 3600)
    outcome = await city.sessions.open(city.person(1), SHARED)
    assert isinstance(outcome, OpenDenied)
    assert outcome.reason is DenyReason.NOT_SIGNED_IN


async def test_somebody_elses_web_session_opens_nothing(city: City) -> None:
    stolen = msgspec.structs.replace(city.person(1), session=a_web_session(2))
    outcome = await city.sessions.open(stolen, SHARED)
    assert isinstance(outcome, OpenDenied)
    assert outcome.reason is DenyReason.NOT_SIGNED_IN


async def test_a_pool_that_does_not_exist(city: City) -> None:
    assert await city.sessions.open(city.person(1), PoolId("nowhere")) == NoSuchPool()


async def open_together(store: SqlStore, people: int, desktops: int) -> None:
    city = City(store, {"local": ObedientProvider()})
    pool = msgspec.structs.replace(a_pool(), target_ready=desktops, max_size=desktops)
    await city.found(pool, people=people)
    await city.settle()
    sessions = await asyncio.gather(*(city.open(number) for number in range(1, people + 1)))
    given = [session.desktop_id for session in sessions if session.desktop_id is not None]
    assert len(given) == desktops
    assert len(set(given)) == desktops
    queued = [session for session in sessions if session.state is SessionState.QUEUED]
    assert len(queued) == people - desktops
    assert len({a.desktop_id for a in await city.assignments()}) == desktops


async def test_200_people_at_once_never_share_a_desktop(store: SqlStore) -> None:
    await open_together(store, people=200, desktops=150)
