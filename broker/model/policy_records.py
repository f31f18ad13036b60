"""Rows that decisions rest on, and the decisions themselves."""

from datetime import date, datetime

import msgspec

from broker.model.ids import PoolId, TenantId, UserId
from broker.model.kinds import Mode
from broker.model.reasons import DenyReason


class TeleworkApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A person may work from outside of the office up to and including ``ends_on`` (tenant's time zone)."""

    tenant_id: TenantId
    login: str
    ends_on: date
    reason: str
    set_by: str
    set_at: datetime


class DecisionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One decision at the door. ``facts`` is JSON of :class:`broker.policy.facts.OpenFacts` of that ``version``."""

    tenant_id: TenantId
    id: str
    at: datetime
    user_id: UserId
    pool_id: PoolId
    reason: DenyReason | None
    version: int
    facts: str


class ModeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A mode for a tenant. Without ``until`` it stays until it is changed; a drill changes no decision."""

    mode: Mode
    until: datetime | None = None
    is_drill: bool = False
