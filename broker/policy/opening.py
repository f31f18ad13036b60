"""May this person open this pool, from here, now? One function for the door, the portal and its explanations."""

from collections.abc import Callable
from typing import Final

from broker.model.kinds import Mode
from broker.model.reasons import DenyReason
from broker.policy.decision import Allow, Decision, Deny, TraceStep
from broker.policy.facts import OpenFacts

_Rule = Callable[[OpenFacts], tuple[bool, str]]


def _is_signed_in(facts: OpenFacts) -> tuple[bool, str]:
    principal = facts.principal
    same_tenant = principal is not None and principal.tenant_id == facts.pool.tenant_id
    return same_tenant, f"principal={principal.user_id if principal else None}"


def _has_second_factor(facts: OpenFacts) -> tuple[bool, str]:
    factor = facts.principal.second_factor if facts.principal else None
    return bool(factor), f"second_factor={factor}"


def _is_not_locked(facts: OpenFacts) -> tuple[bool, str]:
    is_locked = facts.principal.is_locked if facts.principal else None
    return is_locked is False, f"is_locked={is_locked}"


def _knows_origin(facts: OpenFacts) -> tuple[bool, str]:
    return facts.origin is not None, f"origin={facts.origin}"


def _allows_origin(facts: OpenFacts) -> tuple[bool, str]:
    allowed = ",".join(sorted(facts.pool.origins))
    return facts.origin in facts.pool.origins, f"origin={facts.origin} allowed={allowed}"


def _is_entitled(facts: OpenFacts) -> tuple[bool, str]:
    groups = facts.principal.groups if facts.principal else frozenset[str]()
    needed = ",".join(sorted(facts.pool.entitled_groups))
    return bool(groups & facts.pool.entitled_groups), f"needs one of={needed}"


def _is_pool_open(facts: OpenFacts) -> tuple[bool, str]:
    return facts.pool.is_open, f"is_open={facts.pool.is_open}"


def _is_not_in_maintenance(facts: OpenFacts) -> tuple[bool, str]:
    return facts.mode is Mode.NORMAL, f"mode={facts.mode}"


OPENING_RULES: Final[tuple[tuple[str, DenyReason, _Rule], ...]] = (
    ("signed_in", DenyReason.NOT_SIGNED_IN, _is_signed_in),
    ("second_factor", DenyReason.SECOND_FACTOR_MISSING, _has_second_factor),
    ("not_locked", DenyReason.ACCOUNT_LOCKED, _is_not_locked),
    ("origin_known", DenyReason.ORIGIN_UNKNOWN, _knows_origin),
    ("origin_allowed", DenyReason.ORIGIN_NOT_ALLOWED, _allows_origin),
    ("entitled", DenyReason.NOT_ENTITLED, _is_entitled),
    ("pool_open", DenyReason.POOL_CLOSED, _is_pool_open),
    ("not_in_maintenance", DenyReason.MAINTENANCE, _is_not_in_maintenance),
)
"""Every rule is asked, in this order; the first that refuses names the reason."""


def may_open(facts: OpenFacts) -> Decision:
    """Decide on one opening. A fact that is missing denies."""
    refusals: list[DenyReason] = []
    trace: list[TraceStep] = []
    for name, reason, rule in OPENING_RULES:
        passed, looked_at = rule(facts)
        trace.append(TraceStep(name, passed, looked_at))
        if not passed:
            refusals.append(reason)
    if refusals:
        return Deny(refusals[0], tuple(trace))
    return Allow(facts.pool.grants, tuple(trace))
