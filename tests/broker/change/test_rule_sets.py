"""Versions of rules: stricter at once, looser by two people, back to a former one, and beside the settings."""

from pathlib import Path
from typing import Any

import msgspec

from broker.change.records import NoSuchChange, RulesInForce, RulesOrder
from broker.lifecycle.policy_change import ChangeEvent, ChangeState
from broker.model.kinds import Origin, Segment
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.model.reasons import DenyReason, EndReason
from broker.model.rules import Restrictions, RuleSet
from broker.policy.second_person import ChangeRefusal, ChangeRefused
from broker.pool.rule_versions import proposal_in
from broker.session.desk_records import Rehearsed
from broker.session.records import OpenDenied, Opened
from tests.broker.change.conftest import Desk
from tests.broker.pool.test_site import site
from tests.factories import CITY, SHARED

STRICTER = Restrictions(segments=frozenset({Segment.WIRELESS}))


async def rules(desk: Desk, subject: str = SHARED) -> RulesInForce:
    found = await desk.changes.rules(await desk.first(), subject)
    assert isinstance(found, RulesInForce), found
    return found


async def save(desk: Desk, subject: str = SHARED, *, by: int = 1, **changes: Any) -> Any:
    held = await rules(desk, subject)
    order = RulesOrder(subject=subject, rules=msgspec.structs.replace(held.rules, **changes), based_on=held.number)
    actor = await desk.first() if by == 1 else await desk.second()
    return await desk.changes.save_rules(actor, order, "規則の見直し")


async def test_stricter_rules_hold_at_once_and_end_what_they_refuse(desk: Desk) -> None:
    session, _ = await desk.city.work()
    saved = await save(desk, restrictions=STRICTER)
    assert isinstance(saved, PolicyChange)
    assert saved.state is ChangeState.APPROVED
    refused = await desk.city.sessions.open(desk.city.person(2), SHARED)
    assert isinstance(refused, OpenDenied)
    assert refused.reason is DenyReason.SEGMENT_NOT_ALLOWED
    await desk.city.sessions.expire()
    assert (await desk.city.session(session.id)).end_reason is EndReason.POLICY_CHANGED
    (record,) = await desk.city.audit("rules.")
    assert (record.event, record.detail["reason"], record.detail["pool"]) == ("rules.changed", "規則の見直し", SHARED)


async def test_looser_rules_wait_for_a_second_person(desk: Desk) -> None:
    await save(desk, restrictions=STRICTER)
    asked = await save(desk, restrictions=Restrictions())
    assert isinstance(asked, PolicyChange)
    assert asked.state is ChangeState.REQUESTED
    assert proposal_in(asked).looser == ("restrictions.segments",)
    assert isinstance(await desk.city.sessions.open(desk.city.person(), SHARED), OpenDenied)
    own = await desk.approve(await desk.first(), asked.id, "自分で")
    assert isinstance(own, ChangeRefused)
    approved = await desk.approve(await desk.second(), asked.id, "確認済み")
    assert isinstance(approved, PolicyChange)
    assert isinstance(await desk.city.sessions.open(desk.city.person(), SHARED), Opened)
    states = [row.change.state for row in (await rules(desk)).versions]
    assert states == [ChangeState.APPROVED, ChangeState.REPLACED]


async def test_a_proposal_made_from_rules_of_yesterday_is_not_approved(desk: Desk) -> None:
    await save(desk, restrictions=Restrictions(max_sessions=2))
    asked = await save(desk, restrictions=Restrictions(max_sessions=3))
    await save(desk, by=2, restrictions=Restrictions(max_sessions=1))
    stale = await desk.approve(await desk.second(), asked.id, "確認済み")
    assert isinstance(stale, ChangeRefused)
    assert stale.code is ChangeRefusal.STALE
    assert (await rules(desk)).rules.restrictions.max_sessions == 1


async def test_a_former_version_is_saved_anew_and_by_two_when_it_is_looser(desk: Desk) -> None:
    first = await save(desk, restrictions=Restrictions(max_sessions=2))
    second = await save(desk, restrictions=Restrictions(max_sessions=1))
    asked = await desk.changes.go_back(await desk.first(), first.id, second.number, "厳しすぎた")
    assert isinstance(asked, PolicyChange)
    assert asked.state is ChangeState.REQUESTED
    assert isinstance(await desk.approve(await desk.second(), asked.id, "確認済み"), PolicyChange)
    held = await rules(desk)
    assert (held.number, held.rules.restrictions.max_sessions) == (3, 2)
    back = await desk.changes.go_back(await desk.first(), second.id, 3, "やはり厳しく")
    assert isinstance(back, PolicyChange)
    assert back.state is ChangeState.APPROVED
    assert await desk.changes.go_back(await desk.first(), "nothing", 4, "x") == NoSuchChange()


async def test_nobody_declares_a_stricter_version_over_so_that_the_settings_return(desk: Desk, tmp_path: Path) -> None:
    """An end by the clock or a successor is no decision: with it one person alone would loosen the rules."""
    plain = site(tmp_path)
    await desk.city.pools.apply_site(plain)
    held = await save(desk, restrictions=STRICTER)
    for event in (ChangeEvent.REPLACED, ChangeEvent.EXPIRED):
        refused = await desk.changes.decide(await desk.first(), held.id, event, "もう要らない")
        assert isinstance(refused, ChangeRefused)
        assert refused.code is ChangeRefusal.NO_DECISION
    await desk.city.pools.apply_site(plain)
    assert (await rules(desk)).rules.restrictions == STRICTER


async def test_rules_that_cannot_hold_are_refused_with_their_path(desk: Desk) -> None:
    cases: list[tuple[dict[str, Any], ChangeRefusal, str]] = [
        ({"restrictions": Restrictions(max_sessions=0)}, ChangeRefusal.CONTRADICTORY, "max_sessions"),
        ({"restrictions": Restrictions(step_up_s=10**23)}, ChangeRefusal.CONTRADICTORY, "step_up_s"),
        ({"groups": frozenset()}, ChangeRefusal.CONTRADICTORY, "groups"),
        ({"origins": frozenset()}, ChangeRefusal.CONTRADICTORY, "origins"),
        ({"restrictions": Restrictions()}, ChangeRefusal.CHANGES_NOTHING, "already"),
    ]
    for changes, code, said in cases:
        refused = await save(desk, **changes)
        assert isinstance(refused, ChangeRefused), changes
        assert (refused.code, said in refused.why) == (code, True), refused
    tenant_groups = await save(desk, "", groups=frozenset({"everybody"}))
    assert isinstance(tenant_groups, ChangeRefused)
    assert await desk.changes.rules(await desk.first(), "gone") == NoSuchChange()
    order = RulesOrder(subject="gone", rules=RuleSet(), based_on=0)
    assert await desk.changes.save_rules(await desk.first(), order, "x") == NoSuchChange()


async def test_the_rules_of_a_tenant_hold_in_all_its_pools(desk: Desk) -> None:
    saved = await save(desk, "", restrictions=Restrictions(origins=frozenset({Origin.SATELLITE})))
    assert isinstance(saved, PolicyChange)
    refused = await desk.city.sessions.open(desk.city.person(), SHARED)
    assert isinstance(refused, OpenDenied)
    assert refused.reason is DenyReason.ORIGIN_NOT_ALLOWED


async def test_a_rehearsal_of_one_pools_rules_tells_who_would_lose(desk: Desk) -> None:
    assert isinstance(await desk.city.sessions.open(desk.city.person(), SHARED), Opened)
    held = await rules(desk)
    stricter = msgspec.structs.replace(held.rules, restrictions=STRICTER)
    done = await desk.policy.rehearse_rules(await desk.first(), SHARED, stricter)
    assert isinstance(done, Rehearsed)
    assert [(change.pool_id, change.reason) for change in done.rehearsal.losing] == [
        (SHARED, DenyReason.SEGMENT_NOT_ALLOWED)
    ]
    of_tenant = await desk.policy.rehearse_rules(await desk.first(), "", RuleSet(restrictions=STRICTER))
    assert isinstance(of_tenant, Rehearsed)
    assert len(of_tenant.rehearsal.losing) == 1
    as_now = await desk.policy.rehearse_rules(await desk.first(), SHARED, None)
    assert isinstance(as_now, Rehearsed)
    assert (as_now.rehearsal.losing, as_now.rehearsal.gaining) == ((), ())
    assert (await rules(desk)).rules == held.rules, "nothing was changed"


async def test_settings_give_the_first_version_and_a_changed_file_a_further_one(desk: Desk, tmp_path: Path) -> None:
    plain = site(tmp_path)
    await desk.city.pools.apply_site(plain)
    assert (await rules(desk)).number == 1
    await save(desk, restrictions=Restrictions(max_sessions=1))
    await desk.city.pools.apply_site(plain)
    assert (await rules(desk)).rules.restrictions.max_sessions == 1, "the file says nothing new"
    changed = site(tmp_path, pools__0__restrictions={"max_sessions": 4})
    await desk.city.pools.apply_site(changed)
    held = await rules(desk)
    assert (held.number, held.rules.restrictions.max_sessions) == (3, 4)
    assert held.versions[0].change.requested_by == "system"
    await desk.city.pools.apply_site(changed)
    assert (await rules(desk)).number == 3
    async with desk.city.store.read() as tx:
        assert len(await tx.changes.list_approved(CITY, ChangeKind.RULES)) == 3, "one for the tenant, one for each pool"


async def test_a_rehearsal_of_other_settings_keeps_what_the_desk_changed(desk: Desk, tmp_path: Path) -> None:
    plain = site(tmp_path)
    await desk.city.pools.apply_site(plain)
    assert isinstance(await desk.city.sessions.open(desk.city.person(), SHARED), Opened)
    await save(desk, restrictions=STRICTER)
    unchanged = await desk.policy.rehearse(await desk.first(), plain)
    assert isinstance(unchanged, Rehearsed)
    assert [change.reason for change in unchanged.rehearsal.losing] == [DenyReason.SEGMENT_NOT_ALLOWED]
    changed = site(tmp_path, pools__0__restrictions={"max_sessions": 4})
    looser = await desk.policy.rehearse(await desk.first(), changed)
    assert isinstance(looser, Rehearsed)
    assert looser.rehearsal.losing == (), "the newest word would be the file's"


async def test_settings_that_say_what_the_desk_said_before_are_read_once(desk: Desk, tmp_path: Path) -> None:
    await desk.city.pools.apply_site(site(tmp_path))
    await save(desk, restrictions=Restrictions(max_sessions=1))
    same = site(tmp_path, pools__0__restrictions={"max_sessions": 1})
    await desk.city.pools.apply_site(same)
    await save(desk, restrictions=Restrictions(max_sessions=1, step_up_s=600))
    await desk.city.pools.apply_site(same)
    assert (await rules(desk)).rules.restrictions.step_up_s == 600, "the file has said nothing new since"
