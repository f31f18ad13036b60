"""Rules about the person. Each is small, and each denies when its fact is missing."""

from datetime import timedelta

from broker.policy.case import Case, Verdict, names_of


def is_signed_in(case: Case) -> Verdict:
    principal = case.facts.principal
    same_tenant = principal is not None and principal.tenant_id == case.facts.pool.tenant_id
    return same_tenant, f"principal={principal.user_id if principal else None}"


def has_second_factor(case: Case) -> Verdict:
    factor = case.facts.principal.second_factor if case.facts.principal else None
    return bool(factor), f"second_factor={factor}"


def is_not_locked(case: Case) -> Verdict:
    is_locked = case.facts.principal.is_locked if case.facts.principal else None
    return is_locked is False, f"is_locked={is_locked}"


def is_entitled(case: Case) -> Verdict:
    groups = case.facts.principal.groups if case.facts.principal else frozenset[str]()
    needed = ",".join(sorted(case.rules.entitled_groups))
    return bool(groups & case.rules.entitled_groups), f"needs one of={needed}"


def has_telework_approval(case: Case) -> Verdict:
    """Where an approval is asked for, it must not have ended."""
    place, principal = case.facts.place, case.facts.principal
    if place is None or principal is None:
        return False, "place or person unknown"
    asking = [layer for layer in case.layers if place.origin in layer.restrictions.approval_from]
    until = principal.telework_until
    is_approved = until is not None and case.here.date() <= until
    return not asking or is_approved, f"origin={place.origin} approved_until={until} asked by={names_of(asking)}"


def has_fresh_factor(case: Case) -> Verdict:
    """Where a fresh factor is asked for, one of the future (a clock that stepped back) is none."""
    limits = [layer.restrictions.step_up_s for layer in case.layers if layer.restrictions.step_up_s is not None]
    shown_at = case.facts.principal.factor_at if case.facts.principal else None
    if shown_at is None:
        return False, "factor_at=None"
    age = case.facts.now - shown_at
    is_fresh = not limits or timedelta(0) <= age <= timedelta(seconds=min(limits))
    return is_fresh, f"age_s={int(age.total_seconds())} limit_s={min(limits, default=None)}"


def has_session_left(case: Case) -> Verdict:
    limits = [layer.restrictions.max_sessions for layer in case.layers if layer.restrictions.max_sessions is not None]
    if case.facts.usage is None:
        return False, "usage=None"
    live = case.facts.usage.live_before
    return not limits or live < min(limits), f"live_before={live} limit={min(limits, default=None)}"
