"""Whether the rules of use were confirmed, and still count. Pure."""

from calendar import monthrange
from datetime import date

from broker.model.consent import Consent, ConsentGiven, ConsentRule
from broker.policy.case import Case, Verdict
from broker.policy.local_time import local_time


def has_given_consent(case: Case) -> Verdict:
    """Where it is asked for, this very text must have been confirmed, and not too long ago."""
    rule, place, principal = case.rules.consent, case.facts.place, case.facts.principal
    if rule is None:
        return True, "asked by=nobody"
    if place is None or principal is None:
        return False, "place or person unknown"
    given = principal.consent
    told = "none" if given is None else f"{given.version} on {given.given_on}"
    is_asked = place.origin in rule.origins
    passed = not is_asked or is_in_force(rule, given, case.here.date())
    return passed, f"origin={place.origin} asks for={rule.version if is_asked else 'nothing'} given={told}"


def is_in_force(rule: ConsentRule, given: ConsentGiven | None, today: date) -> bool:
    if given is None or (given.version, given.digest) != (rule.version, rule.digest):
        return False
    ends_on = ends_on_of(rule, given.given_on)
    return given.given_on <= today and (ends_on is None or today < ends_on)


def fact_of(consent: Consent | None, time_zone: str) -> ConsentGiven | None:
    """A kept confirmation as policy sees it: its day is the tenant's."""
    if consent is None:
        return None
    given_on = local_time(consent.given_at, time_zone).date()
    return ConsentGiven(version=consent.version, digest=consent.digest, given_on=given_on)


def ends_on_of(rule: ConsentRule, given_on: date) -> date | None:
    """The day from which it has to be given again; None: never."""
    if rule.renew_months == 0:
        return None
    months = given_on.year * 12 + given_on.month - 1 + rule.renew_months
    year, month = divmod(months, 12)
    return date(year, month + 1, min(given_on.day, monthrange(year, month + 1)[1]))
