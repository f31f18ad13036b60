"""Who may open a pool: every combination of facts, and every fact missing."""

import itertools
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.ids import TenantId
from broker.model.kinds import Mode, Origin, Role
from broker.model.reasons import DenyReason
from broker.policy.decision import Allow, Deny
from broker.policy.facts import OpenFacts, PrincipalFacts
from broker.policy.opening import OPENING_RULES, may_open
from tests.factories import open_facts

replace = msgspec.structs.replace


def _person(facts: OpenFacts, **changes: object) -> OpenFacts:
    assert facts.principal is not None
    return replace(facts, principal=replace(facts.principal, **changes))


def _pool(facts: OpenFacts, **changes: object) -> OpenFacts:
    return replace(facts, pool=replace(facts.pool, **changes))


OBSTACLES: dict[DenyReason, Callable[[OpenFacts], OpenFacts]] = {
    DenyReason.NOT_SIGNED_IN: lambda facts: _person(facts, tenant_id=TenantId("elsewhere")),
    DenyReason.SECOND_FACTOR_MISSING: lambda facts: _person(facts, second_factor=None),
    DenyReason.ACCOUNT_LOCKED: lambda facts: _person(facts, is_locked=True),
    DenyReason.ORIGIN_NOT_ALLOWED: lambda facts: replace(facts, origin=Origin.INTERNET),
    DenyReason.NOT_ENTITLED: lambda facts: _person(facts, groups=frozenset({"others"})),
    DenyReason.POOL_CLOSED: lambda facts: _pool(facts, is_open=False),
    DenyReason.MAINTENANCE: lambda facts: replace(facts, mode=Mode.MAINTENANCE),
}
ORDER = [reason for _, reason, _ in OPENING_RULES]


def test_with_every_fact_in_order_the_pool_opens_with_its_own_grants() -> None:
    decision = may_open(open_facts())
    assert isinstance(decision, Allow)
    assert decision.grants == open_facts().pool.grants
    assert all(rule.passed for rule in decision.trace)


@pytest.mark.parametrize("count", range(1, len(OBSTACLES) + 1))
def test_every_combination_of_obstacles_denies_with_the_first_and_shows_them_all(count: int) -> None:
    for obstacles in itertools.combinations(OBSTACLES, count):
        facts = open_facts()
        for reason in obstacles:
            facts = OBSTACLES[reason](facts)
        decision = may_open(facts)
        assert isinstance(decision, Deny)
        assert decision.reason is min(obstacles, key=ORDER.index)
        by_rule = {name: reason for name, reason, _ in OPENING_RULES}
        refused = {by_rule[rule.rule] for rule in decision.trace if not rule.passed}
        assert refused == set(obstacles)
        assert len(decision.trace) == len(OPENING_RULES)


MISSING: dict[str, Callable[[OpenFacts], OpenFacts]] = {
    "the person": lambda facts: replace(facts, principal=None),
    "the second factor": lambda facts: _person(facts, second_factor=None),
    "an empty second factor": lambda facts: _person(facts, second_factor=""),
    "the groups": lambda facts: _person(facts, groups=frozenset()),
    "the origin": lambda facts: replace(facts, origin=None),
    "the mode": lambda facts: replace(facts, mode=None),
    "the pool's origins": lambda facts: _pool(facts, origins=frozenset()),
    "the pool's groups": lambda facts: _pool(facts, entitled_groups=frozenset()),
}

_names = st.frozensets(st.sampled_from(["a", "b", "c"]))
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
    ),
    pool=st.builds(
        lambda groups, origins, is_open: replace(
            open_facts().pool, entitled_groups=groups, origins=origins, is_open=is_open
        ),
        groups=_names,
        origins=st.frozensets(st.sampled_from(Origin)),
        is_open=st.booleans(),
    ),
    origin=st.none() | st.sampled_from(Origin),
    mode=st.none() | st.sampled_from(Mode),
    now=st.just(open_facts().now),
)


@given(facts=_facts, missing=st.sampled_from(sorted(MISSING)))
def test_a_missing_fact_denies_whatever_the_others_are(facts: OpenFacts, missing: str) -> None:
    if facts.principal is None:
        assert isinstance(may_open(facts), Deny)
    else:
        assert isinstance(may_open(MISSING[missing](facts)), Deny)


@given(facts=_facts)
def test_an_allowed_opening_has_every_fact_in_its_favour(facts: OpenFacts) -> None:
    match may_open(facts):
        case Allow():
            person = facts.principal
            assert person is not None
            assert person.tenant_id == facts.pool.tenant_id
            assert person.second_factor
            assert not person.is_locked
            assert person.groups & facts.pool.entitled_groups
            assert facts.origin in facts.pool.origins
            assert facts.pool.is_open
            assert facts.mode is Mode.NORMAL
        case Deny(reason, trace):
            assert reason in {known for _, known, _ in OPENING_RULES}
            assert not all(rule.passed for rule in trace)


def test_no_role_opens_a_pool() -> None:
    facts = _person(open_facts(), groups=frozenset(), roles=frozenset(Role))
    assert isinstance(may_open(facts), Deny)


def test_a_decision_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="matched"):
        bool(may_open(open_facts()))
