"""May this person open this pool, from here, now? One function for the door, the portal and its explanations."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from broker.model.grants import Grants
from broker.model.reasons import DenyReason
from broker.policy import person_rules, place_rules, time_rules
from broker.policy.calendar import day_after
from broker.policy.case import Case, Verdict, make_case
from broker.policy.consent_rules import has_given_consent
from broker.policy.decision import Allow, Decision, Deny, TraceStep
from broker.policy.facts import OpenFacts
from broker.policy.granting import crosses_more, grants_of
from broker.policy.loosening import waivers_in_force
from broker.policy.rulebook import OpenRules


class OpeningRule(NamedTuple):
    """``is_standing``: it has to go on holding while the session lives, or the session ends."""

    name: str
    reason: DenyReason
    ask: Callable[[Case], Verdict]
    is_standing: bool


OPENING_RULES: Final = (
    OpeningRule("signed_in", DenyReason.NOT_SIGNED_IN, person_rules.is_signed_in, False),
    OpeningRule("second_factor", DenyReason.SECOND_FACTOR_MISSING, person_rules.has_second_factor, False),
    OpeningRule("not_locked", DenyReason.ACCOUNT_LOCKED, person_rules.is_not_locked, True),
    OpeningRule("origin_known", DenyReason.ORIGIN_UNKNOWN, place_rules.knows_origin, True),
    OpeningRule("origin_allowed", DenyReason.ORIGIN_NOT_ALLOWED, place_rules.allows_origin, True),
    OpeningRule("segment_allowed", DenyReason.SEGMENT_NOT_ALLOWED, place_rules.allows_segment, True),
    OpeningRule("device_allowed", DenyReason.DEVICE_NOT_ALLOWED, place_rules.allows_device, True),
    OpeningRule("certificate_valid", DenyReason.CERTIFICATE_NOT_VALID, place_rules.has_good_certificate, True),
    OpeningRule("entitled", DenyReason.NOT_ENTITLED, person_rules.is_entitled, True),
    OpeningRule("telework_approved", DenyReason.APPROVAL_MISSING, person_rules.has_telework_approval, True),
    OpeningRule("consent_given", DenyReason.CONSENT_MISSING, has_given_consent, False),
    OpeningRule("factor_fresh", DenyReason.STEP_UP_NEEDED, person_rules.has_fresh_factor, False),
    OpeningRule("pool_open", DenyReason.POOL_CLOSED, time_rules.is_pool_open, False),
    OpeningRule("not_in_maintenance", DenyReason.MAINTENANCE, time_rules.is_not_in_maintenance, True),
    OpeningRule("priority_when_degraded", DenyReason.DEGRADED, time_rules.has_priority_when_degraded, True),
    OpeningRule("within_hours", DenyReason.OUTSIDE_HOURS, time_rules.is_within_hours, True),
    OpeningRule("day_left", DenyReason.TOO_MANY_DAYS, time_rules.has_day_left, False),
    OpeningRule("session_left", DenyReason.TOO_MANY_SESSIONS, person_rules.has_session_left, True),
)
"""Every rule is asked, in this order; the first that refuses names the reason."""

STANDING_RULES: Final = tuple(rule for rule in OPENING_RULES if rule.is_standing)
RULES_KNOWN: Final = "rules_known"
"""The rule that is asked when there are no others: without rules nothing opens."""


def may_open(facts: OpenFacts, rules: OpenRules | None) -> Decision:
    """Decide on one opening. A fact that is missing denies, and so do missing rules."""
    return _decide(OPENING_RULES, facts, rules)


def may_go_on(facts: OpenFacts, rules: OpenRules | None) -> Decision:
    """Decide whether a live session may go on: only the rules that have to keep holding are asked."""
    return _decide(STANDING_RULES, facts, rules)


def _decide(asked: Sequence[OpeningRule], facts: OpenFacts, rules: OpenRules | None) -> Decision:
    if rules is None:
        return Deny(DenyReason.RULES_UNKNOWN, (TraceStep(RULES_KNOWN, False, "rules=None"),))
    case = make_case(facts, rules)
    refusals: list[DenyReason] = []
    trace: list[TraceStep] = []
    for rule in asked:
        passed, looked_at = rule.ask(case)
        trace.append(TraceStep(rule.name, passed, looked_at))
        if not passed:
            refusals.append(rule.reason)
    if refusals:
        return Deny(refusals[0], tuple(trace))
    grants = grants_of(case)
    ends = [end for end in (grants.ends_at, _end_of_exceptions(asked, case, grants)) if end is not None]
    return Allow(msgspec.structs.replace(grants, ends_at=min(ends, default=None)), tuple(trace))


def _end_of_exceptions(asked: Sequence[OpeningRule], case: Case, grants: Grants) -> datetime | None:
    """The first midnight at which an exception ends that this opening, or something that it grants, rests on."""
    for last_day in sorted({waiver.ends_on for waiver in waivers_in_force(case.rules, case.facts)}):
        staying = tuple(waiver for waiver in case.rules.waivers if waiver.ends_on > last_day)
        after = make_case(case.facts, msgspec.structs.replace(case.rules, waivers=staying))
        if not all(rule.ask(after)[0] for rule in asked) or crosses_more(grants, grants_of(after)):
            return day_after(last_day, case.here)
    return None
