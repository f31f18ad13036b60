"""What an allowed opening is granted: the pool's grants, cut down to what every layer lets cross. Pure."""

from datetime import datetime
from functools import reduce

import msgspec

from broker.model.grants import Grants
from broker.model.rules import GrantName, Restrictions
from broker.policy.calendar import day_after, open_until
from broker.policy.case import Case
from broker.policy.rulebook import Layer


def grants_of(case: Case) -> Grants:
    """The strictest of all layers; ``ends_at`` is the first moment at which hours or approval end."""
    grants = reduce(_narrowed, case.layers, case.rules.grants)
    ends = [end for end in (grants.ends_at, *_ends_of_hours(case), _end_of_approval(case)) if end is not None]
    return msgspec.structs.replace(grants, ends_at=min(ends, default=None))


def crosses_more(grants: Grants, other: Grants) -> bool:
    """Whether something crosses by ``grants`` that does not by ``other``."""
    return any(getattr(grants, name) and not getattr(other, name) for name in GrantName)


def _narrowed(grants: Grants, layer: Layer) -> Grants:
    asked = layer.restrictions
    crossing = {name.value: getattr(grants, name) and _may_cross(asked, name) for name in GrantName}
    return msgspec.structs.replace(
        grants,
        **crossing,
        idle_limit_s=_stricter(grants.idle_limit_s, asked.idle_limit_s),
        absolute_limit_s=_stricter(grants.absolute_limit_s, asked.absolute_limit_s),
    )


def _may_cross(asked: Restrictions, name: GrantName) -> bool:
    return asked.grants is None or name in asked.grants


def _stricter(limit_s: int, asked_s: int | None) -> int:
    return limit_s if asked_s is None else min(limit_s, asked_s)


def _ends_of_hours(case: Case) -> list[datetime | None]:
    return [
        open_until(case.here, layer.restrictions.hours, case.rules.calendar)
        for layer in case.layers
        if layer.restrictions.hours is not None
    ]


def _end_of_approval(case: Case) -> datetime | None:
    place, principal = case.facts.place, case.facts.principal
    if place is None or principal is None or principal.telework_until is None:
        return None
    is_asked = any(place.origin in layer.restrictions.approval_from for layer in case.layers)
    return day_after(principal.telework_until, case.here) if is_asked else None
