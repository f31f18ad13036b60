"""Rules of use as a condition: which text, from where, and how long a confirmation counts."""

from datetime import date

import pytest
from msgspec.structs import replace

from broker.model.consent import ConsentGiven, ConsentRule
from broker.model.kinds import Origin
from broker.model.reasons import DenyReason
from broker.policy.consent_rules import ends_on_of, is_in_force
from broker.policy.decision import Allow, Deny
from broker.policy.opening import may_go_on, may_open
from tests.factories import AT_HOME, MORNING, open_facts, open_rules

RULE = ConsentRule(version="2026-1", digest="d1", origins=frozenset({Origin.INTERNET}), renew_months=12)
GIVEN = ConsentGiven(version="2026-1", digest="d1", given_on=date(2026, 4, 1))


def test_from_an_origin_that_asks_nothing_opens_before_it_is_confirmed() -> None:
    facts, rules = open_facts(), replace(open_rules(), consent=RULE)
    assert isinstance(may_open(facts, rules), Allow)
    away = replace(facts, place=AT_HOME)
    denied = may_open(away, rules)
    assert isinstance(denied, Deny)
    assert next(step for step in denied.trace if step.rule == "consent_given").looked_at == (
        "origin=internet asks for=2026-1 given=none"
    )
    assert facts.principal is not None
    person = replace(facts.principal, consent=replace(GIVEN, given_on=MORNING.date()))
    passed = may_open(replace(away, principal=person), rules)
    assert next(step for step in passed.trace if step.rule == "consent_given").passed


def test_what_is_open_goes_on_when_the_text_changes() -> None:
    rules = replace(open_rules(), consent=replace(RULE, origins=frozenset(Origin)))
    assert may_open(open_facts(), rules) != may_go_on(open_facts(), rules)
    going_on = may_go_on(open_facts(), rules)
    assert not isinstance(going_on, Deny) or going_on.reason is not DenyReason.CONSENT_MISSING


@pytest.mark.parametrize(
    "given, today, counts",
    [
        (None, date(2026, 4, 1), False),
        (GIVEN, date(2026, 4, 1), True),
        (GIVEN, date(2027, 3, 31), True),
        (GIVEN, date(2027, 4, 1), False),
        (GIVEN, date(2026, 3, 31), False),
        (replace(GIVEN, version="2025-1"), date(2026, 4, 1), False),
        (replace(GIVEN, digest="d0"), date(2026, 4, 1), False),
    ],
)
def test_only_this_very_text_counts_and_not_for_ever(given: ConsentGiven | None, today: date, counts: bool) -> None:
    assert is_in_force(RULE, given, today) is counts


@pytest.mark.parametrize(
    "day, months, end",
    [
        (date(2026, 4, 1), 12, date(2027, 4, 1)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 4, 1), 0, None),
    ],
)
def test_months_end_on_days_that_are_there(day: date, months: int, end: date | None) -> None:
    assert ends_on_of(replace(RULE, renew_months=months), day) == end
