"""The IT desk asks why, rehearses a change of the rules, and sets the mode."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from broker.model.ids import PoolId
from broker.model.kinds import CertificateState, Mode, Origin, Role
from broker.model.place import Place
from broker.model.policy_records import ModeOrder
from broker.model.reasons import DenyReason, EndReason
from broker.people.records import NoSuchPerson
from broker.policy.administration import Action, NotAllowed
from broker.policy.decision import Allow, Deny
from broker.policy.facts import FACTS_VERSION
from broker.pool.records import NoSuchPool
from broker.session.desk_records import Explained, ExplainQuestion, ModeState, Refusal, Rehearsed
from broker.session.policy_desk import PolicyDesk
from broker.session.recording import MEMORY, facts_of
from broker.session.records import OpenDenied, Opened
from tests.broker.city import City
from tests.broker.pool.test_site import site
from tests.factories import AT_HOME, CITY, OFFICE_DESK, OWN, SHARED, a_user, an_actor

DESK = an_actor(Role.TENANT_ADMIN)
TARO = a_user(1).login


@pytest.fixture
def desk(city: City) -> PolicyDesk:
    return PolicyDesk(city.store)


async def explain(desk: PolicyDesk, place: Place, **changes: object) -> Allow | Deny:
    question = ExplainQuestion(login=TARO, pool_id=SHARED, place=place)
    told = await desk.explain(DESK, msgspec.structs.replace(question, **changes))
    assert isinstance(told, Explained), told
    return told.decision


async def test_the_desk_hears_what_the_door_would_say(desk: PolicyDesk) -> None:
    assert isinstance(await explain(desk, OFFICE_DESK), Allow)
    refused = await explain(desk, AT_HOME)
    assert isinstance(refused, Deny)
    assert {step.rule for step in refused.trace if not step.passed} == {"origin_allowed", "telework_approved"}
    revoked = await explain(desk, msgspec.structs.replace(OFFICE_DESK, certificate=CertificateState.REVOKED))
    assert isinstance(revoked, Deny)
    assert revoked.reason is DenyReason.CERTIFICATE_NOT_VALID
    degraded = await explain(desk, OFFICE_DESK, mode=Mode.DEGRADED)
    assert isinstance(degraded, Deny)
    assert degraded.reason is DenyReason.DEGRADED


async def test_unknown_people_and_pools_and_strangers(desk: PolicyDesk) -> None:
    question = ExplainQuestion(login=TARO, pool_id=SHARED, place=OFFICE_DESK)
    replace = msgspec.structs.replace
    assert await desk.explain(DESK, replace(question, login="nobody")) == NoSuchPerson()
    assert await desk.explain(DESK, replace(question, pool_id=PoolId("gone"))) == NoSuchPool()
    assert await desk.explain(an_actor(), question) == NotAllowed(Action.SEE_POLICY)
    assert await desk.mode(an_actor(Role.POOL_ADMIN)) == NotAllowed(Action.SEE_POLICY)


async def test_every_decision_at_the_door_is_kept_with_its_facts_for_thirty_days(city: City, desk: PolicyDesk) -> None:
    assert isinstance(await city.sessions.open(city.person(1), SHARED), Opened)
    await city.change_user(2, is_locked=True)
    assert isinstance(await city.sessions.open(city.person(2), SHARED), OpenDenied)
    async with city.store.read() as tx:
        denied, allowed = await tx.policy.list_decisions(CITY, tx.now - MEMORY, 10)
    assert (denied.reason, allowed.reason) == (DenyReason.ACCOUNT_LOCKED, None)
    facts = facts_of(allowed)
    assert (facts.version, facts.place) == (FACTS_VERSION, OFFICE_DESK)
    city.pass_time(MEMORY.total_seconds() + 60)
    await desk.purge()
    async with city.store.read() as tx:
        assert await tx.policy.list_decisions(CITY, tx.now - 2 * MEMORY, 10) == []


async def test_a_rehearsal_tells_who_would_lose_and_who_would_gain(
    city: City, desk: PolicyDesk, tmp_path: Path
) -> None:
    for _ in range(2):
        assert isinstance(await city.sessions.open(city.person(1), SHARED), Opened)
    assert isinstance(await city.sessions.open(city.person(2), OWN), Opened)
    await city.change_user(3, groups=frozenset({"newcomers"}))
    assert isinstance(await city.sessions.open(city.person(3), SHARED), OpenDenied)
    new = site(
        tmp_path,
        pools__0__entitled_groups=["telework-users", "newcomers"],
        pools__0__restrictions={"segments": ["wired"]},
    )
    done = await desk.rehearse(DESK, new)
    assert isinstance(done, Rehearsed)
    losing = [(done.logins[each.user_id], each.pool_id, each.reason) for each in done.rehearsal.losing]
    gaining = [(done.logins[each.user_id], each.pool_id, each.reason) for each in done.rehearsal.gaining]
    assert losing == [(a_user(2).login, OWN, DenyReason.RULES_UNKNOWN)], "its pool is not in the new settings"
    assert gaining == [(a_user(3).login, SHARED, DenyReason.NOT_ENTITLED)]
    assert (done.rehearsal.decisions, done.rehearsal.unreadable, done.is_complete) == (4, 0, True)
    strict = site(tmp_path, policy={"restrictions": {"segments": ["wireless"]}})
    stricter = await desk.rehearse(DESK, strict)
    assert isinstance(stricter, Rehearsed)
    by_pool = {(each.pool_id, each.reason): each.count for each in stricter.rehearsal.losing}
    assert by_pool[SHARED, DenyReason.SEGMENT_NOT_ALLOWED] == 2
    drill = await desk.rehearse(DESK, site(tmp_path), Mode.DEGRADED)
    assert isinstance(drill, Rehearsed)
    assert DenyReason.DEGRADED in {each.reason for each in drill.rehearsal.losing}
    async with city.store.read() as tx:
        pool = await tx.pools.get_pool(CITY, SHARED)
    assert pool is not None
    assert pool.restrictions.segments is None, "nothing was changed"


async def test_rules_that_cannot_hold_are_not_rehearsed(city: City, desk: PolicyDesk, tmp_path: Path) -> None:
    broken = await desk.rehearse(DESK, site(tmp_path, policy={"restrictions": {"max_sessions": 0}}))
    assert isinstance(broken, Refusal)
    assert "policy.restrictions.max_sessions" in broken.why
    foreign = await desk.rehearse(DESK, site(tmp_path, id="elsewhere"))
    assert isinstance(foreign, Refusal)
    assert await desk.rehearse(an_actor(), site(tmp_path)) == NotAllowed(Action.SEE_POLICY)


async def test_records_of_another_version_are_counted_and_left_out(
    city: City, desk: PolicyDesk, tmp_path: Path
) -> None:
    await city.sessions.open(city.person(1), SHARED)
    async with city.store.write() as tx:
        (kept,) = await tx.policy.list_decisions(CITY, tx.now - MEMORY, 10)
        await tx.policy.add_decision(msgspec.structs.replace(kept, id="old", version=1, facts='{"version":1}'))
    done = await desk.rehearse(DESK, site(tmp_path))
    assert isinstance(done, Rehearsed)
    assert (done.rehearsal.decisions, done.rehearsal.unreadable) == (1, 1)


async def test_a_mode_is_set_with_a_reason_and_ends_by_itself(city: City, desk: PolicyDesk) -> None:
    session, _ = await city.work()
    async with city.store.read() as tx:
        until = tx.now + timedelta(hours=1)
    order = ModeOrder(mode=Mode.DEGRADED, until=until)
    assert isinstance(await desk.set_mode(DESK, order, " "), Refusal)
    assert isinstance(await desk.set_mode(DESK, ModeOrder(mode=Mode.BCP), "地震"), Refusal)
    past = ModeOrder(mode=Mode.BCP, until=until - timedelta(hours=2))
    assert isinstance(await desk.set_mode(DESK, past, "地震"), Refusal)
    auditor = an_actor(Role.AUDITOR)
    assert await desk.set_mode(auditor, order, "停電") == NotAllowed(Action.CHANGE_POLICY)
    drill = await desk.set_mode(DESK, msgspec.structs.replace(order, is_drill=True), "訓練")
    assert drill == ModeState(mode=Mode.DEGRADED, until=until, is_drill=True, now=Mode.NORMAL)
    assert isinstance(await city.sessions.open(city.person(2), OWN), Opened)
    state = await desk.set_mode(DESK, order, "停電")
    assert state == ModeState(mode=Mode.DEGRADED, until=until, is_drill=False, now=Mode.DEGRADED)
    await city.sessions.expire()
    assert (await city.session(session.id)).end_reason is EndReason.MODE_CHANGED
    record = (await city.audit("mode.changed"))[-1]
    assert (record.actor, record.detail["mode"], record.detail["reason"]) == (DESK.name, "degraded", "停電")
    assert isinstance(await city.sessions.open(city.person(1), SHARED), OpenDenied)
    city.pass_time(3601)
    assert isinstance(await city.sessions.open(city.person(1), SHARED), Opened)
    over = await desk.mode(auditor)
    assert isinstance(over, ModeState)
    assert over.now is Mode.NORMAL


async def test_the_same_facts_for_a_person_without_any_session(city: City, desk: PolicyDesk) -> None:
    async with city.store.write() as tx:
        await tx.signin.remove_web_sessions_of(CITY, a_user(1).id)
    decision = await explain(desk, msgspec.structs.replace(OFFICE_DESK, origin=Origin.OFFICE))
    assert isinstance(decision, Allow)
