"""Which parts of a set of rules became less strict. Pure.

Where none did, nobody is let in who was not let in before (property of ``tests/broker/policy/test_strictness.py``).
"""

from collections.abc import Iterator, Set
from typing import Final

from broker.model.rules import Hours, Restrictions, RuleSet
from broker.policy.calendar import spans_of

_LISTS: Final = ("origins", "segments", "devices", "grants")
_LIMITS: Final = ("days_per_week", "max_sessions", "step_up_s", "idle_limit_s", "absolute_limit_s")
_DEMANDS: Final = ("certificate_from", "approval_from")


def looser_parts(before: RuleSet, after: RuleSet) -> tuple[str, ...]:
    """Names of what lets in, or lets cross, more than before; empty: nothing was loosened."""
    own = [name for name in ("groups", "origins") if _is_wider(getattr(before, name), getattr(after, name))]
    return (*own, *(f"restrictions.{name}" for name in _looser(before.restrictions, after.restrictions)))


def _looser(before: Restrictions, after: Restrictions) -> Iterator[str]:
    for name in _LISTS:
        if _is_wider(getattr(before, name), getattr(after, name)):
            yield name
    for name in _DEMANDS:
        if not getattr(before, name) <= getattr(after, name):
            yield name
    for name in _LIMITS:
        if _is_higher(getattr(before, name), getattr(after, name)):
            yield name
    if _is_longer(before.hours, after.hours):
        yield "hours"


def _is_wider(before: Set[object] | None, after: Set[object] | None) -> bool:
    return before is not None and (after is None or not after <= before)


def _is_higher(before: int | None, after: int | None) -> bool:
    return before is not None and (after is None or after > before)


def _is_longer(before: Hours | None, after: Hours | None) -> bool:
    if before is None:
        return False
    if after is None or (after.on_closed_days and not before.on_closed_days):
        return True
    old = spans_of(before)
    return any(not any(begins <= start and end <= ends for begins, ends in old) for start, end in spans_of(after))
