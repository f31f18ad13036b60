"""Who may open a pool: every combination of obstacles, every fact missing, every restriction added."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.model.consent import ConsentRule
from broker.model.ids import TenantId
from broker.model.kinds import CertificateState, DeviceKind, Mode, Origin, Role, Segment
from broker.model.place import Place
from broker.model.reasons import DenyReason
from broker.model.rules import Hours, Restrictions
from broker.policy.decision import Allow, Deny
from broker.policy.facts import OpenFacts, PrincipalFacts, UsageFacts
from broker.policy.opening import OPENING_RULES, STANDING_RULES, may_go_on, may_open
from broker.policy.rulebook import Layer, OpenRules
from tests.factories import AT_HOME, MORNING, OFFICE_DESK, SHARED, STAFF, open_facts, open_rules

replace = msgspec.structs.replace
Case = tuple[OpenFacts, OpenRules]


def _person(facts: OpenFacts, **changes: object) -> OpenFacts:
    assert facts.principal is not None
    return replace(facts, principal=replace(facts.principal, **changes))


def _place(facts: OpenFacts, **changes: object) -> OpenFacts:
    assert facts.place is not None
    return replace(facts, place=replace(facts.place, **changes))


def restricted(rules: OpenRules, **restrictions: Any) -> OpenRules:
    """The same rules with one more layer."""
    return replace(rules, own=(*rules.own, Layer("more", Restrictions(**restrictions))))


RULES_OF_USE = ConsentRule(version="2026-1", digest="d1", origins=frozenset({Origin.OFFICE}), renew_months=12)
TEA_TIME = Hours(opens=(MORNING + timedelta(hours=10)).time(), closes=(MORNING + timedelta(hours=11)).time())

OBSTACLES: dict[DenyReason, Callable[[OpenFacts, OpenRules], Case]] = {
    DenyReason.NOT_SIGNED_IN: lambda f, r: (_person(f, tenant_id=TenantId("elsewhere")), r),
    DenyReason.SECOND_FACTOR_MISSING: lambda f, r: (_person(f, second_factor=None), r),
    DenyReason.ACCOUNT_LOCKED: lambda f, r: (_person(f, is_locked=True), r),
    DenyReason.ORIGIN_NOT_ALLOWED: lambda f, r: (f, restricted(r, origins=frozenset({Origin.SATELLITE}))),
    DenyReason.SEGMENT_NOT_ALLOWED: lambda f, r: (f, restricted(r, segments=frozenset({Segment.WIRELESS}))),
    DenyReason.DEVICE_NOT_ALLOWED: lambda f, r: (_place(f, device=DeviceKind.NONE), r),
    DenyReason.CERTIFICATE_NOT_VALID: lambda f, r: (_place(f, certificate=CertificateState.REVOKED), r),
    DenyReason.NOT_ENTITLED: lambda f, r: (_person(f, groups=frozenset({"others"})), r),
    DenyReason.APPROVAL_MISSING: lambda f, r: (f, restricted(r, approval_from=frozenset({Origin.OFFICE}))),
    DenyReason.CONSENT_MISSING: lambda f, r: (f, replace(r, consent=RULES_OF_USE)),
    DenyReason.STEP_UP_NEEDED: lambda f, r: (f, restricted(r, step_up_s=60)),
    DenyReason.POOL_CLOSED: lambda f, r: (replace(f, pool=replace(f.pool, is_open=False)), r),
    DenyReason.MAINTENANCE: lambda f, r: (replace(f, mode=Mode.MAINTENANCE), r),
    DenyReason.OUTSIDE_HOURS: lambda f, r: (f, restricted(r, hours=TEA_TIME)),
    DenyReason.TOO_MANY_SESSIONS: lambda f, r: (f, restricted(r, max_sessions=0)),
}
ORDER = [rule.reason for rule in OPENING_RULES]


def test_with_every_fact_in_order_the_pool_opens_with_its_own_grants() -> None:
    decision = may_open(open_facts(), open_rules())
    assert isinstance(decision, Allow)
    assert decision.grants == open_rules().grants
    assert all(rule.passed for rule in decision.trace)


@pytest.mark.parametrize("count", [1, 2, 3, len(OBSTACLES)])
def test_every_combination_of_obstacles_denies_with_the_first_and_shows_them_all(count: int) -> None:
    for obstacles in itertools.combinations(OBSTACLES, count):
        case = open_facts(), open_rules()
        for reason in obstacles:
            case = OBSTACLES[reason](*case)
        decision = may_open(*case)
        assert isinstance(decision, Deny)
        assert decision.reason is min(obstacles, key=ORDER.index)
        by_rule = {rule.name: rule.reason for rule in OPENING_RULES}
        assert {by_rule[step.rule] for step in decision.trace if not step.passed} == set(obstacles)
        assert len(decision.trace) == len(OPENING_RULES)


def test_without_rules_nothing_opens() -> None:
    decision = may_open(open_facts(), None)
    assert isinstance(decision, Deny)
    assert decision.reason is DenyReason.RULES_UNKNOWN


def test_a_factor_shown_in_the_future_is_not_fresh_after_the_clock_stepped_back() -> None:
    early = _person(open_facts(), factor_at=open_facts().now + timedelta(seconds=1))
    assert isinstance(may_open(early, open_rules()), Allow)
    decision = may_open(early, restricted(open_rules(), step_up_s=3600))
    assert isinstance(decision, Deny)
    assert decision.reason is DenyReason.STEP_UP_NEEDED


MISSING: dict[str, Callable[[OpenFacts], OpenFacts]] = {
    "the person": lambda facts: replace(facts, principal=None),
    "the second factor": lambda facts: _person(facts, second_factor=None),
    "an empty second factor": lambda facts: _person(facts, second_factor=""),
    "the time of the factor": lambda facts: _person(facts, factor_at=None),
    "the groups": lambda facts: _person(facts, groups=frozenset()),
    "the place": lambda facts: replace(facts, place=None),
    "the usage": lambda facts: replace(facts, usage=None),
    "the mode": lambda facts: replace(facts, mode=None),
}

_names = st.frozensets(st.sampled_from([STAFF, "b", "c"]))
_days = st.dates(min_value=MORNING.date() - timedelta(days=2), max_value=MORNING.date() + timedelta(days=2))
_places = st.builds(
    Place,
    origin=st.sampled_from(Origin),
    segment=st.sampled_from(Segment),
    device=st.sampled_from(DeviceKind),
    certificate=st.sampled_from(CertificateState),
)
_facts = st.builds(
    OpenFacts,
    principal=st.none()
    | st.builds(
        PrincipalFacts,
        tenant_id=st.sampled_from([open_facts().pool.tenant_id, TenantId("elsewhere")]),
        user_id=st.just(getattr(open_facts().principal, "user_id", None)),
        groups=_names,
        roles=st.frozensets(st.sampled_from(Role)),
        is_locked=st.booleans(),
        second_factor=st.none() | st.sampled_from(["", "totp", "recovery"]),
        factor_at=st.none() | st.integers(0, 7200).map(lambda age: MORNING - timedelta(seconds=age)),
        telework_until=st.none() | _days,
    ),
    pool=st.booleans().map(lambda is_open: replace(open_facts().pool, is_open=is_open)),
    place=st.none() | st.just(OFFICE_DESK) | st.just(AT_HOME) | _places,
    usage=st.none() | st.builds(UsageFacts, live_before=st.integers(0, 3), remote_days=st.frozensets(_days)),
    mode=st.none() | st.sampled_from(Mode),
    now=st.integers(-48, 48).map(lambda hours: MORNING + timedelta(hours=hours)),
)
_restrictions = st.fixed_dictionaries(
    {},
    optional={
        "origins": st.frozensets(st.sampled_from(Origin)),
        "segments": st.frozensets(st.sampled_from(Segment)),
        "devices": st.frozensets(st.sampled_from(DeviceKind)),
        "certificate_from": st.frozensets(st.sampled_from(Origin)),
        "approval_from": st.frozensets(st.sampled_from(Origin)),
        "hours": st.builds(Hours, on_closed_days=st.booleans(), closes_for_lunch=st.booleans()),
        "days_per_week": st.integers(1, 3),
        "max_sessions": st.integers(1, 3),
        "step_up_s": st.sampled_from([60, 3600]),
        "idle_limit_s": st.integers(1, 3600),
        "absolute_limit_s": st.integers(1, 90_000),
    },
)


@settings(deadline=None)
@given(facts=_facts, missing=st.sampled_from(sorted(MISSING)))
def test_a_missing_fact_denies_whatever_the_others_are(facts: OpenFacts, missing: str) -> None:
    if facts.principal is None or facts.place is None:
        assert isinstance(may_open(facts, open_rules()), Deny)
    else:
        assert isinstance(may_open(MISSING[missing](facts), open_rules()), Deny)


@settings(deadline=None)
@given(facts=_facts, first=_restrictions, second=_restrictions)
def test_one_more_restriction_never_allows_more(
    facts: OpenFacts, first: dict[str, Any], second: dict[str, Any]
) -> None:
    rules = restricted(open_rules(), **first)
    before, after = may_open(facts, rules), may_open(facts, restricted(rules, **second))
    match before, after:
        case Deny(), Deny():
            pass
        case Allow(wide), Allow(narrow):
            assert narrow.idle_limit_s <= wide.idle_limit_s
            assert narrow.absolute_limit_s <= wide.absolute_limit_s
            assert wide.ends_at is None or (narrow.ends_at is not None and narrow.ends_at <= wide.ends_at)
        case _:
            assert isinstance(after, Deny)


@settings(deadline=None)
@given(facts=_facts)
def test_an_allowed_opening_has_every_fact_in_its_favour(facts: OpenFacts) -> None:
    match may_open(facts, open_rules()):
        case Allow():
            person, place = facts.principal, facts.place
            assert person is not None
            assert place is not None
            assert person.tenant_id == facts.pool.tenant_id
            assert person.second_factor
            assert not person.is_locked
            assert STAFF in person.groups
            assert facts.pool.is_open
            assert facts.mode in {Mode.NORMAL, Mode.BCP}
            assert place.device is not DeviceKind.NONE
            assert place.certificate in {CertificateState.VALID, CertificateState.ABSENT}
        case Deny(reason, trace):
            assert reason in ORDER
            assert not all(rule.passed for rule in trace)


@settings(deadline=None)
@given(facts=_facts)
def test_what_may_open_may_also_go_on(facts: OpenFacts) -> None:
    if isinstance(may_open(facts, open_rules()), Allow):
        assert isinstance(may_go_on(facts, open_rules()), Allow)


def test_the_factor_and_the_gate_of_a_pool_are_asked_at_the_door_alone() -> None:
    asked_at_the_door = {rule.name for rule in OPENING_RULES} - {rule.name for rule in STANDING_RULES}
    once = {"signed_in", "second_factor", "consent_given", "factor_fresh", "pool_open", "day_left"}
    assert asked_at_the_door == once


def test_no_role_opens_a_pool() -> None:
    facts = _person(open_facts(), groups=frozenset(), roles=frozenset(Role))
    assert isinstance(may_open(facts, open_rules()), Deny)


def test_a_decision_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="matched"):
        bool(may_open(open_facts(), open_rules()))


def test_in_degraded_mode_only_priority_pools_open() -> None:
    facts = replace(open_facts(), mode=Mode.DEGRADED)
    decision = may_open(facts, open_rules())
    assert isinstance(decision, Deny)
    assert decision.reason is DenyReason.DEGRADED
    assert isinstance(may_open(facts, replace(open_rules(), is_priority=True)), Allow)


def test_of_two_days_a_week_at_home_the_third_is_refused_and_a_begun_day_goes_on() -> None:
    today = MORNING.date()
    facts = _person(replace(open_facts(), place=AT_HOME), telework_until=today)
    rules = restricted(open_rules(), days_per_week=2)
    earlier = frozenset({today - timedelta(days=1), today - timedelta(days=2)})
    refused = may_open(replace(facts, usage=UsageFacts(live_before=0, remote_days=earlier)), rules)
    assert isinstance(refused, Deny)
    assert refused.reason is DenyReason.TOO_MANY_DAYS
    begun = frozenset({today, today - timedelta(days=1)})
    assert isinstance(may_open(replace(facts, usage=UsageFacts(live_before=0, remote_days=begun)), rules), Allow)
    in_the_office = replace(facts, place=OFFICE_DESK, usage=UsageFacts(live_before=0, remote_days=earlier))
    assert isinstance(may_open(in_the_office, rules), Allow)


def test_the_pool_of_the_rules_is_the_one_that_was_asked_for() -> None:
    assert open_rules().pool_id == SHARED
