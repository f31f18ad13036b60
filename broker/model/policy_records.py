"""Rows that decisions rest on, and the decisions themselves."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from broker.lifecycle.policy_change import ChangeState
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


class ChangeKind(StrEnum):
    """What is changed: an exception to the baseline (例外), the rules of the tenant or a pool, the mode."""

    EXCEPTION = "exception"
    RULES = "rules"
    MODE = "mode"


class ChangeSource(StrEnum):
    CONSOLE = "console"
    SETTINGS = "settings"


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change with everybody who had a hand in it. ``version`` grows with every step: its compare-and-swap.

    ``subject`` is the id of a pool, or empty for the tenant; ``number`` counts the changes of one kind and subject.
    ``content`` is JSON of a :class:`broker.model.rules.Waiver`, :class:`broker.model.rules.RuleSet` or
    :class:`ModeOrder`. ``until`` is the moment at which it ends by itself. The three people are actors' names.
    """

    tenant_id: TenantId
    id: str
    kind: ChangeKind
    subject: str
    number: int
    state: ChangeState
    version: int
    source: ChangeSource
    content: str
    reason: str
    requested_by: str
    requested_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_note: str = ""
    ended_by: str | None = None
    ended_at: datetime | None = None
    end_note: str = ""
    until: datetime | None = None
