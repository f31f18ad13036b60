"""What comes into the service of changes, and what comes out."""

from datetime import date

import msgspec

from broker.model.ids import PoolId, ZoneId
from broker.model.kinds import DeviceKind, Mode, Origin, Segment
from broker.model.policy_records import ModeOrder, PolicyChange
from broker.model.rules import GrantName, RuleSet, Waiver


class ExceptionOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exception as it is asked for: a :class:`broker.model.rules.Waiver` that nobody has approved yet."""

    ends_on: date
    starts_on: date | None = None
    pools: frozenset[PoolId] = frozenset()
    zones: frozenset[ZoneId] = frozenset()
    groups: frozenset[str] = frozenset()
    for_mode: Mode = Mode.NORMAL
    origins: frozenset[Origin] = frozenset()
    segments: frozenset[Segment] = frozenset()
    devices: frozenset[DeviceKind] = frozenset()
    grants: frozenset[GrantName] = frozenset()
    without_approval_from: frozenset[Origin] = frozenset()
    without_certificate_from: frozenset[Origin] = frozenset()
    outside_hours: bool = False


class NoSuchChange(msgspec.Struct, frozen=True):
    """There is none of this id, or the subject is not there (any more)."""


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A change as the console lists it. ``names`` gives people by the actor's name; ``holds_now``: it counts today."""

    change: PolicyChange
    content: Waiver | RuleSet | ModeOrder
    names: dict[str, str]
    holds_now: bool


class RulesInForce(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one subject, the number of the version that holds, and every version, the newest first."""

    subject: str
    number: int
    rules: RuleSet
    versions: list[ChangeRow]


class RulesOrder(msgspec.Struct, frozen=True, kw_only=True):
    """New rules for a subject. ``based_on`` is the number of the version that they were made from."""

    subject: str
    rules: RuleSet
    based_on: int
