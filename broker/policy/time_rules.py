"""Rules about the moment: the IT desk's gate, the tenant's mode, hours, days. A missing fact denies."""

from broker.model.kinds import Mode, Origin
from broker.policy.calendar import open_until
from broker.policy.case import Case, Verdict, names_of


def is_pool_open(case: Case) -> Verdict:
    return case.facts.pool.is_open, f"is_open={case.facts.pool.is_open}"


def is_not_in_maintenance(case: Case) -> Verdict:
    return case.facts.mode not in {None, Mode.MAINTENANCE}, f"mode={case.facts.mode}"


def has_priority_when_degraded(case: Case) -> Verdict:
    mode, is_priority = case.facts.mode, case.rules.is_priority
    passes = mode is not None and (mode is not Mode.DEGRADED or is_priority)
    return passes, f"mode={mode} is_priority={is_priority}"


def is_within_hours(case: Case) -> Verdict:
    shut = [
        layer
        for layer in case.layers
        if layer.restrictions.hours is not None
        and open_until(case.here, layer.restrictions.hours, case.rules.calendar) is None
    ]
    return not shut, f"here={case.here.isoformat(timespec='minutes')} shut by={names_of(shut)}"


def has_day_left(case: Case) -> Verdict:
    """Days from outside of the office; a day that was begun counts once."""
    place, usage = case.facts.place, case.facts.usage
    if place is None or usage is None:
        return False, "place or usage unknown"
    limits = [layer.restrictions.days_per_week for layer in case.layers if layer.restrictions.days_per_week is not None]
    used = len(usage.remote_days)
    is_begun = case.here.date() in usage.remote_days
    passes = not limits or place.origin is Origin.OFFICE or is_begun or used < min(limits)
    return passes, f"days_used={used} limit={min(limits, default=None)}"
