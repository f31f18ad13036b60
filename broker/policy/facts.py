"""What policy decides on. A fact that is not known is ``None``, and ``None`` denies."""

from datetime import date, datetime
from typing import Final

import msgspec

from broker.model.consent import ConsentGiven
from broker.model.ids import PoolId, TenantId, UserId, ZoneId
from broker.model.kinds import Mode, Role
from broker.model.place import Place

FACTS_VERSION: Final = 2
"""Grows when the meaning of a recorded fact changes; a record of another version can't be rehearsed."""


class PrincipalFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The signed-in person. ``second_factor`` names the factor that this web session passed, at ``factor_at``.

    ``telework_until`` is the last day of a telework approval; ``None``: there is none.
    """

    tenant_id: TenantId
    user_id: UserId
    groups: frozenset[str]
    roles: frozenset[Role]
    is_locked: bool
    second_factor: str | None
    factor_at: datetime | None
    telework_until: date | None
    consent: ConsentGiven | None = None
    """The rules of use that they confirmed last."""


class PoolFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``is_open``: the IT desk takes new sessions in it."""

    tenant_id: TenantId
    pool_id: PoolId
    zone_id: ZoneId
    is_open: bool


class UsageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``live_before``: the person's other live sessions that are older than the one in question. ``remote_days``:
    days of this week (from Monday) on which they opened something from outside of the office."""

    live_before: int
    remote_days: frozenset[date]


class OpenFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the opening of one pool depends on besides the rules, as it was at ``now``."""

    version: int = FACTS_VERSION
    principal: PrincipalFacts | None
    pool: PoolFacts
    place: Place | None
    usage: UsageFacts | None
    mode: Mode | None
    now: datetime
