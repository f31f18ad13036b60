"""What the portal and the console show."""

import msgspec
import pytest

from broker.lifecycle.session import SessionState
from broker.model.ids import PoolId
from broker.model.kinds import Role
from broker.model.reasons import DenyReason
from broker.policy.administration import Action, NotAllowed
from broker.policy.decision import Allow, Deny
from broker.session.records import NoSuchPool
from tests.broker.city import City
from tests.factories import HOSTS, LGWAN, OWN, SHARED, a_web_session, an_actor


async def test_the_portal_shows_every_pool_with_its_decision_and_what_runs_there(city: City) -> None:
    await city.add_hosts("pc-1")
    session, _ = await city.work(1)
    await city.change_pool(OWN, is_open=False)
    views = {view.pool.id: view for view in await city.sessions.portal(city.person())}
    shared, own, hosts = views[SHARED], views[OWN], views[HOSTS]
    assert isinstance(shared.decision, Allow)
    assert (shared.zone.id, shared.has_desktop, shared.may_log_off) == (LGWAN, True, True)
    assert shared.session is not None
    assert (shared.session.id, shared.session.state) == (session.id, SessionState.ACTIVE)
    assert isinstance(own.decision, Deny)
    assert own.decision.reason is DenyReason.POOL_CLOSED
    assert (own.session, own.has_desktop) == (None, False)
    assert hosts.may_log_off is False


async def test_the_portal_of_one_person_shows_nothing_of_another(city: City) -> None:
    await city.work(1)
    views = {view.pool.id: view for view in await city.sessions.portal(city.person(2))}
    assert views[SHARED].session is None
    assert views[SHARED].has_desktop is False


async def test_a_personal_desktop_shows_after_log_off(city: City) -> None:
    session, _ = await city.work(1, OWN)
    await city.sessions.log_off(city.person(), session.id)
    views = {view.pool.id: view for view in await city.sessions.portal(city.person())}
    assert (views[OWN].session, views[OWN].has_desktop) == (None, True)


async def test_the_explanation_is_the_doors_own_decision(city: City) -> None:
    decision = await city.sessions.explain(city.person(), SHARED)
    assert isinstance(decision, Allow)
    await city.change_user(1, groups=frozenset())
    decision = await city.sessions.explain(city.person(), SHARED)
    assert isinstance(decision, Deny)
    assert decision.reason is DenyReason.NOT_ENTITLED
    assert await city.audit("policy.denied") == []  # asking is not trying
    assert await city.sessions.explain(city.person(), PoolId("nowhere")) == NoSuchPool()


async def test_an_unknown_web_session_is_refused_everywhere_on_the_portal(city: City) -> None:
    nobody = msgspec.structs.replace(city.person(), session=a_web_session(99))
    decisions = [view.decision for view in await city.sessions.portal(nobody)]
    assert decisions
    assert all(isinstance(decision, Deny) for decision in decisions)


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.TENANT_ADMIN, Role.POOL_ADMIN, Role.AUDITOR])
async def test_the_console_shows_who_works_where_from_where(city: City, role: Role) -> None:
    session, _ = await city.work(1)
    queued = await city.open(2, OWN)
    rows = await city.sessions.list_live(an_actor(role))
    assert not isinstance(rows, NotAllowed)
    by_id = {row.session.id: row for row in rows}
    assert set(by_id) == {session.id, queued.id}
    row = by_id[session.id]
    assert row.desktop is not None
    assert (row.user.login, row.pool.id, row.address) == ("staff001", SHARED, "192.0.2.1")
    assert by_id[queued.id].address == ""


async def test_a_staff_member_does_not_see_the_list(city: City) -> None:
    assert await city.sessions.list_live(an_actor()) == NotAllowed(Action.SEE_SESSIONS)
