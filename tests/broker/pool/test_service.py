"""Pools for the IT desk."""

import pytest

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.actor import Actor
from broker.model.ids import DesktopId, PoolId
from broker.model.kinds import Role
from broker.policy.administration import Action, NotAllowed
from broker.pool.records import DesktopChanged, DesktopMoved, NoSuchDesktop, NoSuchPool, PoolChanged
from broker.store import SqlStore
from tests.broker.city import City
from tests.factories import OWN, SHARED, a_pool, a_user, an_actor
from tests.fakes.providers import FailingProvider

DESK = an_actor(Role.POOL_ADMIN)
NOBODY = an_actor()


async def test_a_summary_counts_desktops_and_people(city: City) -> None:
    await city.work(1)
    await city.change_pool(OWN, max_size=0)
    assert (await city.open(2, OWN)).state is SessionState.QUEUED
    summaries = await city.pools.summaries(DESK)
    assert not isinstance(summaries, NotAllowed)
    by_id = {summary.pool.id: summary for summary in summaries}
    shared, own = by_id[SHARED], by_id[OWN]
    assert shared.counts == {"in_use": 1, "ready": 1}
    assert (shared.live_sessions, shared.queued, shared.provider_fault) == (1, 0, None)
    assert (own.live_sessions, own.queued, own.counts) == (1, 1, {})


async def test_a_summary_says_what_the_provider_complains_about(sqlite_store: SqlStore) -> None:
    city = City(sqlite_store, {"local": FailingProvider(failing={"observe"})})
    await city.found(a_pool())
    await city.settle()
    summaries = await city.pools.summaries(DESK)
    assert not isinstance(summaries, NotAllowed)
    assert summaries[0].provider_fault == "observe: the host has no memory left"


async def test_desktops_show_who_is_on_them_and_whose_they_are(city: City) -> None:
    session, _ = await city.work(1)
    rows = await city.pools.desktops(DESK, SHARED)
    assert isinstance(rows, list)
    by_id = {row.desktop.id: row for row in rows}
    assert session.desktop_id is not None
    row = by_id[session.desktop_id]
    assert row.user is not None
    assert row.assignment is not None
    assert (row.user.login, row.assignment.id) == ("staff001", session.assignment_id)
    assert sum(other.user is None for other in rows) == len(rows) - 1
    own, _ = await city.work(2, OWN)
    await city.sessions.log_off(city.person(2), own.id)
    await city.settle()
    rows = await city.pools.desktops(DESK, OWN)
    assert isinstance(rows, list)
    assert [(row.user and row.user.id, row.assignment) for row in rows] == [(a_user(2).id, None)]
    assert await city.pools.desktops(DESK, PoolId("nowhere")) == NoSuchPool()


async def test_closing_and_opening_a_pool_is_audited_with_its_reason(city: City) -> None:
    closed = await city.pools.set_open(DESK, SHARED, False, "月次更新")
    assert isinstance(closed, PoolChanged)
    assert closed.pool.is_open is False
    assert await city.pools.set_open(DESK, SHARED, False, "again") == closed
    opened = await city.pools.set_open(DESK, SHARED, True, "更新\n完了\x1b[2J\u202e")
    assert isinstance(opened, PoolChanged)
    told = [
        (record.event, record.actor, record.detail["reason"])
        for record in await city.audit("pool.")
        if record.event != "pool.changed"
    ]
    assert told == [("pool.closed", DESK.name, "月次更新"), ("pool.opened", DESK.name, "更新 完了[2J")]
    assert await city.pools.set_open(DESK, PoolId("nowhere"), True, "") == NoSuchPool()


async def test_repair_takes_a_faulty_desktop_back_at_once(sqlite_store: SqlStore) -> None:
    failing = FailingProvider(is_transient=False)
    city = City(sqlite_store, {"local": failing})
    await city.found(a_pool())
    await city.settle()
    (desktop,) = await city.desktops()
    assert desktop.state is DesktopState.FAULTY
    city.pass_time(10_000)
    await city.settle()
    assert (await city.desktop(desktop.id)).state is DesktopState.FAULTY  # it waits for the IT desk
    failing.failing.clear()
    repaired = await city.pools.repair(DESK, desktop.id)
    assert isinstance(repaired, DesktopChanged)
    await city.settle()
    after = await city.desktop(desktop.id)
    assert (after.fault, after.failures) == (None, 0)
    assert after.state is not DesktopState.FAULTY
    ordered = [record for record in await city.audit("desktop.repaired") if record.outcome == "ordered"]
    assert [record.actor for record in ordered] == [DESK.name]


async def test_what_is_not_faulty_is_not_repaired(city: City) -> None:
    await city.settle()
    (desktop,) = await city.desktops()
    assert await city.pools.repair(DESK, desktop.id) == DesktopMoved(DesktopState.READY)
    assert await city.pools.repair(DESK, DesktopId("invented")) == NoSuchDesktop()


@pytest.mark.parametrize("actor", [NOBODY, an_actor(Role.AUDITOR)])
async def test_who_may_not_change_pools_does_not(city: City, actor: Actor) -> None:
    await city.settle()
    (desktop,) = await city.desktops()
    refused = NotAllowed(Action.CHANGE_POOLS)
    assert await city.pools.set_open(actor, SHARED, False, "") == refused
    assert await city.pools.repair(actor, desktop.id) == refused


async def test_staff_see_no_pools(city: City) -> None:
    refused = NotAllowed(Action.SEE_POOLS)
    assert await city.pools.summaries(NOBODY) == refused
    assert await city.pools.desktops(NOBODY, SHARED) == refused
