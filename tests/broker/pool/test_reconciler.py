"""Pools keep themselves as their settings promise, whatever their providers do."""

import asyncio

import msgspec
import pytest

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.ids import PoolId
from broker.model.kinds import PoolKind
from broker.model.reasons import EndReason
from broker.pool.rules import MAX_FAILURES
from broker.ports import DesktopProvider
from broker.store import SqlStore
from broker.wire.messages import EventKind
from tests.broker.city import QUICK, City, eventually, running
from tests.factories import CITY, HOSTS, OWN, SHARED, a_pool, an_assignment
from tests.fakes.providers import (
    BrokenProvider,
    FailingProvider,
    ForgetfulProvider,
    HostsProvider,
    HungProvider,
    LyingProvider,
    ObedientProvider,
    SlowProvider,
)

S = DesktopState
OTHER = PoolId("other-shared")


async def beside(store: SqlStore, difficult: DesktopProvider) -> City:
    """A city whose shared pool has a difficult provider, and another pool that has an obedient one."""
    city = City(store, {"local": difficult, "good": ObedientProvider()})
    await city.found(a_pool(), msgspec.structs.replace(a_pool(OTHER), provider="good"))
    return city


async def states(city: City, pool_id: PoolId = SHARED) -> list[DesktopState]:
    return sorted(desktop.state for desktop in await city.desktops(pool_id))


async def test_the_promised_spares_are_kept_ready(city: City, provider: ObedientProvider) -> None:
    await city.change_pool(SHARED, target_ready=3)
    await city.settle()
    assert await states(city) == [S.READY] * 3
    assert len(provider.machines) == 3


async def test_a_quiet_pool_is_left_alone(city: City, provider: ObedientProvider) -> None:
    await city.settle()
    calls, events = list(provider.calls), len(await city.audit())
    for _ in range(3):
        await city.reconciler.reconcile_once()
    assert (provider.calls, len(await city.audit())) == (calls, events)


async def test_the_host_that_has_a_desktop_is_in_its_row(city: City) -> None:
    await city.settle()
    (desktop,) = await city.desktops()
    assert desktop.agent_id == "agent-1"


async def test_a_shared_desktop_may_move_to_another_host_after_it_was_faulty(sqlite_store: SqlStore) -> None:
    failing = FailingProvider(failing=set())
    city = City(sqlite_store, {"local": failing})
    await city.found(msgspec.structs.replace(a_pool(), max_size=1), a_pool(OWN, PoolKind.PERSISTENT))
    shared, _ = await city.work(1)
    own, _ = await city.work(1, OWN)
    failing.failing = {"start", "log_off"}
    for session in (shared, own):
        await city.sessions.log_off(city.person(1), session.id)
    for _ in range(MAX_FAILURES):
        await city.settle()
        city.pass_time(30)
    city.pass_time(300)
    await city.reconciler.reconcile_once()
    assert (await city.desktop(shared.desktop_id)).agent_id is None
    assert (await city.desktop(own.desktop_id)).agent_id == "agent-1"


async def test_a_lowered_target_brings_spares_to_rest(city: City, provider: ObedientProvider) -> None:
    await city.change_pool(SHARED, target_ready=3)
    await city.settle()
    await city.change_pool(SHARED, target_ready=1)
    await city.settle()
    assert await states(city) == [S.READY, S.STOPPED, S.STOPPED]
    assert len(provider.machines) == 1


async def test_a_raised_target_starts_what_rests_before_it_makes_more(city: City) -> None:
    await city.change_pool(SHARED, target_ready=2)
    await city.settle()
    await city.change_pool(SHARED, target_ready=0)
    await city.settle()
    await city.change_pool(SHARED, target_ready=2)
    await city.settle()
    assert await states(city) == [S.READY, S.READY]


async def test_the_credential_is_in_the_row_before_the_provider_hears_of_it(
    city: City, provider: ObedientProvider
) -> None:
    sealed: list[object] = []

    def look(name: str) -> None:
        if name == "start":
            sealed.append(asyncio.ensure_future(city.desktops(SHARED)))

    provider.before = look
    await city.settle()
    for task in sealed:
        assert isinstance(task, asyncio.Future)
        (desktop,) = await task
        assert desktop.state in {S.STARTING, S.READY}
        assert desktop.credential is not None
    assert sealed


# --- providers that fail


async def test_a_failing_provider_is_asked_less_and_less_often(sqlite_store: SqlStore) -> None:
    failing = FailingProvider()
    city = await beside(sqlite_store, failing)
    for _ in range(20):
        await city.reconciler.reconcile_once()
        city.pass_time(1)
    tries = sum(1 for name, _ in failing.calls if name == "failed start")
    assert 2 <= tries <= 6
    assert await states(city, OTHER) == [S.READY]
    assert "no memory left" in (city.reconciler.health.fault_of(a_pool()) or "")
    failing.failing.clear()
    for _ in range(4):
        city.pass_time(60)
        await city.settle()
    assert S.READY in await states(city)
    assert city.reconciler.health.fault_of(a_pool()) is None


async def test_a_desktop_that_keeps_failing_is_set_aside_with_its_fault_and_tried_again(sqlite_store: SqlStore) -> None:
    failing = FailingProvider()
    city = City(sqlite_store, {"local": failing})
    await city.found()
    session = await city.open(1, OWN)
    for _ in range(MAX_FAILURES):
        await city.settle()
        city.pass_time(30)
    desktop = await city.desktop(session.desktop_id)
    assert (desktop.state, desktop.failures) == (S.FAULTY, MAX_FAILURES)
    assert desktop.fault == "start: the host has no memory left"
    after = await city.session(session.id)
    assert (after.state, after.end_reason) == (SessionState.FAILED, EndReason.DESKTOP_FAILED)
    assert await city.assignments() == []
    failing.failing.clear()
    city.pass_time(300)
    await city.settle()
    assert (await city.desktop(session.desktop_id)).state is S.ABSENT
    assert {record.event for record in await city.audit("desktop.")} >= {"desktop.failed", "desktop.repaired"}


async def test_a_desktop_that_cannot_be_cleaned_never_reaches_the_next_person(sqlite_store: SqlStore) -> None:
    failing = FailingProvider(failing=set())
    city = City(sqlite_store, {"local": failing})
    await city.found(msgspec.structs.replace(a_pool(), target_ready=0, max_size=1))
    session, _ = await city.work(1)
    assert session.desktop_id is not None
    failing.machines[session.desktop_id].home.add("secret.odt")
    failing.failing.add("log_off")
    await city.sessions.log_off(city.person(1), session.id)
    waiting = await city.open(2)
    for _ in range(12):
        await city.settle()
        assert (await city.session(waiting.id)).state is SessionState.QUEUED
        city.pass_time(120)
    failing.failing.clear()
    for _ in range(6):
        city.pass_time(301)
        await city.settle()
        if (await city.session(waiting.id)).state is SessionState.REQUESTED:
            break
    await city.attach(await city.session(waiting.id), 2)
    assert failing.machines[session.desktop_id].home == set()


@pytest.mark.parametrize("error", [OSError("refused"), ValueError("a plugin's bug")])
async def test_a_provider_that_breaks_down_costs_only_its_own_pool(sqlite_store: SqlStore, error: Exception) -> None:
    city = await beside(sqlite_store, BrokenProvider(error=error))
    await city.settle()
    assert await states(city, OTHER) == [S.READY]
    assert await states(city) == []
    assert type(error).__name__ in (city.reconciler.health.fault_of(a_pool()) or "")


async def test_a_missing_provider_costs_only_its_own_pool(sqlite_store: SqlStore) -> None:
    city = City(sqlite_store, {"good": ObedientProvider()})
    await city.found(a_pool(), msgspec.structs.replace(a_pool(OTHER), provider="good"))
    await city.settle()
    assert await states(city, OTHER) == [S.READY]
    assert city.reconciler.health.fault_of(a_pool()) == "there is no provider local"


async def test_a_hung_start_is_given_up_at_its_deadline(sqlite_store: SqlStore) -> None:
    city = await beside(sqlite_store, HungProvider(hanging={"start"}))
    await asyncio.wait_for(city.reconciler.reconcile_once(), 5)
    (desktop,) = await city.desktops(SHARED)
    assert (desktop.state, desktop.fault) == (S.ABSENT, "no answer within 0.2 s")
    assert await states(city, OTHER) == [S.READY]


async def test_a_hung_observation_does_not_hold_up_other_pools(sqlite_store: SqlStore) -> None:
    city = await beside(sqlite_store, HungProvider())

    async def has_spare() -> bool:
        return await states(city, OTHER) == [S.READY]

    async def has_replaced_it() -> bool:
        return await states(city, OTHER) == [S.READY, S.RESERVED]

    async with running(city.reconciler):
        await eventually(has_spare)
        assert (await city.open(1, SHARED)).state is SessionState.QUEUED
        assert (await city.open(1, OTHER)).state is SessionState.REQUESTED
        await eventually(has_replaced_it)


async def test_a_slow_start_holds_up_nothing_else_in_its_own_pool(sqlite_store: SqlStore) -> None:
    slow = SlowProvider()
    city = City(sqlite_store, {"local": slow}, msgspec.structs.replace(QUICK, start_deadline_s=60.0))
    await city.found(msgspec.structs.replace(a_pool(), target_ready=0, max_size=2))
    slow.gate.set()
    session, _ = await city.work(1)
    slow.gate.clear()

    async def is_starting() -> bool:
        return slow.waiting > 0

    async def is_clean() -> bool:
        return (await city.desktop(session.desktop_id)).state is not S.RESETTING

    async with running(city.reconciler):
        waiting = await city.open(2)
        await eventually(is_starting)
        await city.sessions.log_off(city.person(1), session.id)
        await eventually(is_clean)
        assert slow.waiting == 1
        slow.gate.set()

        async def is_served() -> bool:
            return (await city.session(waiting.id)).state is not SessionState.QUEUED

        await eventually(is_served)


async def test_starts_of_one_provider_are_bounded(sqlite_store: SqlStore) -> None:
    slow = SlowProvider()
    city = City(sqlite_store, {"local": slow}, msgspec.structs.replace(QUICK, start_deadline_s=60.0))
    await city.found(msgspec.structs.replace(a_pool(), target_ready=10, max_size=10))
    one_round = asyncio.create_task(city.reconciler.reconcile_once())

    async def are_all_ordered() -> bool:
        return await states(city) == [S.STARTING] * 10

    await eventually(are_all_ordered)
    assert slow.waiting == 4
    slow.gate.set()
    await one_round
    await city.settle()
    assert await states(city) == [S.READY] * 10


async def test_a_lying_provider_does_not_get_people_for_ever(sqlite_store: SqlStore) -> None:
    city = await beside(sqlite_store, LyingProvider())
    seen: set[DesktopState] = set()
    for _ in range(30):
        await city.reconciler.reconcile_once()
        seen |= set(await states(city))
        city.pass_time(1)
    assert S.FAULTY in seen
    assert await states(city, OTHER) == [S.READY]


async def test_half_a_list_once_loses_nothing(sqlite_store: SqlStore) -> None:
    forgetful = ForgetfulProvider()
    city = City(sqlite_store, {"local": forgetful})
    await city.found()
    session, _ = await city.work()
    forgetful.forgotten = set(forgetful.machines)
    await city.reconciler.reconcile_once()
    city.pass_time(10)
    forgetful.forgotten.clear()
    await city.settle()
    assert (await city.session(session.id)).state is SessionState.ACTIVE


# --- losses


async def lose(city: City, provider: ObedientProvider) -> None:
    provider.machines.clear()
    await city.settle()
    city.pass_time(2)
    await city.settle()


async def test_a_lost_desktop_ends_its_session_and_is_made_anew(city: City, provider: ObedientProvider) -> None:
    session, spec = await city.work()
    await lose(city, provider)
    after = await city.session(session.id)
    assert (after.state, after.end_reason) == (SessionState.ENDED, EndReason.DESKTOP_LOST)
    assert (spec.attachment_id, EndReason.DESKTOP_LOST) in city.tunnels.told
    assert await city.assignments() == []
    assert S.READY in await states(city)
    assert (await city.audit("desktop.lost"))[-1].outcome == "failed"
    await city.work()


async def test_a_lost_personal_desktop_keeps_its_home(city: City, provider: ObedientProvider) -> None:
    session, _ = await city.work(1, OWN)
    assert session.desktop_id is not None
    provider.machines[session.desktop_id].home.add("report.odt")
    await lose(city, provider)
    again, _ = await city.work(1, OWN)
    assert again.desktop_id == session.desktop_id
    assert provider.machines[session.desktop_id].home == {"report.odt"}


async def test_a_lost_spare_is_replaced(city: City, provider: ObedientProvider) -> None:
    await city.settle()
    await lose(city, provider)
    assert await states(city) == [S.READY]
    assert len(provider.machines) == 1


async def test_what_runs_although_it_should_rest_is_ended(city: City, provider: ObedientProvider) -> None:
    session, _ = await city.work(1, OWN)
    assert session.desktop_id is not None
    machine = provider.machines[session.desktop_id]
    await city.sessions.log_off(city.person(1), session.id)
    await city.settle()
    provider.machines[session.desktop_id] = machine
    await city.settle()
    assert session.desktop_id not in provider.machines


async def test_a_host_out_of_reach_for_a_moment_keeps_its_session(city: City, hosts: HostsProvider) -> None:
    await city.add_hosts("pc-1")
    session, _ = await city.work(1, HOSTS)
    hosts.unreachable.add("pc-1")
    for _ in range(5):
        await city.reconciler.reconcile_once()
        city.pass_time(5)
    hosts.unreachable.clear()
    await city.settle()
    assert (await city.session(session.id)).state is SessionState.ACTIVE


async def test_a_host_that_does_not_answer_is_given_to_nobody(city: City, hosts: HostsProvider) -> None:
    hosts.unreachable.add("pc-1")
    await city.add_hosts("pc-1", "pc-2")
    await city.settle()
    first = await city.open(1, HOSTS)
    assert (await city.desktop(first.desktop_id)).name == "pc-2"
    assert (await city.open(2, HOSTS)).state is SessionState.QUEUED
    hosts.unreachable.clear()
    city.pass_time(60)
    await city.settle()
    assert [session.state for session in await city.live_sessions()] == [SessionState.REQUESTED] * 2


# --- healing


async def test_a_seat_that_nobody_holds_is_released_and_cleaned(city: City) -> None:
    await city.settle()
    async with city.store.write() as tx:
        desktop = await tx.pools.reserve_ready(CITY, SHARED)
        assert desktop is not None
        await tx.sessions.add_assignment(msgspec.structs.replace(an_assignment(), desktop_id=desktop.id))
    await city.settle()
    assert await city.assignments() == []
    assert S.RESERVED not in await states(city)


async def test_a_reserved_desktop_without_a_seat_is_cleaned(city: City) -> None:
    await city.settle()
    async with city.store.write() as tx:
        assert await tx.pools.reserve_ready(CITY, SHARED) is not None
    await city.settle()
    assert await states(city) == [S.READY, S.STOPPED]


async def test_a_stopping_broker_leaves_starts_that_the_next_one_takes_up(sqlite_store: SqlStore) -> None:
    slow = SlowProvider()
    city = City(sqlite_store, {"local": slow}, msgspec.structs.replace(QUICK, start_deadline_s=60.0))
    await city.found()

    async def is_starting() -> bool:
        return slow.waiting > 0

    async with running(city.reconciler):
        await eventually(is_starting)
    assert await states(city) == [S.STARTING]
    slow.gate.set()
    city.restart()
    await city.settle()
    assert await states(city) == [S.READY]


async def test_wake_begins_a_round_at_once(sqlite_store: SqlStore) -> None:
    provider = ObedientProvider()
    patient = msgspec.structs.replace(QUICK, interval_s=1000.0)
    city = City(sqlite_store, {"local": provider}, patient)
    await city.found(msgspec.structs.replace(a_pool(), target_ready=0))
    async with running(city.reconciler):
        session = await city.open()

        async def is_served() -> bool:
            return (await city.session(session.id)).state is not SessionState.QUEUED

        await eventually(is_served)


async def test_limits_are_kept_by_the_reconciler(city: City) -> None:
    session, spec = await city.work()
    await city.tell(spec, EventKind.DETACHED, EndReason.CLIENT_CLOSED)
    city.pass_time(a_pool().disconnect_limit_s + 1)
    await city.settle()
    assert (await city.session(session.id)).end_reason is EndReason.DISCONNECT_LIMIT
