"""The rules of opening as data: what the baseline, a tenant and a pool ask for, and the exceptions to the baseline.

In every list of restrictions a field that is left out restricts nothing; what applies is always the strictest of all.
"""

from datetime import date, time
from enum import StrEnum

import msgspec

from broker.model.consent import ConsentRule
from broker.model.ids import PoolId, ZoneId
from broker.model.kinds import DeviceKind, Mode, Origin, Segment


class GrantName(StrEnum):
    """What may cross besides the picture and the input, by its name in the grants."""

    CLIPBOARD_IN = "clipboard_in"
    CLIPBOARD_OUT = "clipboard_out"
    FILE_IN = "file_in"
    FILE_OUT = "file_out"
    PRINT_OUT = "print_out"
    AUDIO_OUT = "audio_out"
    MICROPHONE = "microphone"


class _Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Hours(_Rules, frozen=True, kw_only=True):
    """When work is done, in the tenant's time zone. Without ``on_closed_days`` only on business days (開庁日)."""

    opens: time = time(8, 30)
    closes: time = time(17, 15)
    lunch_from: time = time(12, 0)
    lunch_to: time = time(13, 0)
    closes_for_lunch: bool = False
    on_closed_days: bool = False

    def __post_init__(self) -> None:
        if any(moment.tzinfo is not None for moment in (self.opens, self.closes, self.lunch_from, self.lunch_to)):
            raise ValueError("times are those of the tenant's time zone: write them without one")


class Restrictions(_Rules, frozen=True, kw_only=True):
    """What one layer (baseline, tenant, pool) asks for. A field that is left out restricts nothing."""

    origins: frozenset[Origin] | None = None
    """Where people may come from (接続元区分)."""
    segments: frozenset[Segment] | None = None
    """What kind of line they may sit on; ``unknown`` has to be named too."""
    devices: frozenset[DeviceKind] | None = None
    """Kinds of device."""
    certificate_from: frozenset[Origin] = frozenset()
    """Origins from which the device needs a valid certificate. An expired or revoked one is refused everywhere."""
    approval_from: frozenset[Origin] = frozenset()
    """Origins from which a telework approval is needed that has not ended."""
    hours: Hours | None = None
    days_per_week: int | None = None
    """Days of a week (from Monday) on which a pool may be opened from outside of the office."""
    max_sessions: int | None = None
    """Live sessions of one person at the same time, over all pools."""
    step_up_s: int | None = None
    """Age of the second factor after which it has to be shown again before a pool opens."""
    idle_limit_s: int | None = None
    absolute_limit_s: int | None = None
    grants: frozenset[GrantName] | None = None
    """The only things that may be granted to cross."""


class Baseline(_Rules, frozen=True, kw_only=True):
    """What the national guideline asks for, as data. ``zones`` is by kind of zone; ``other`` is for all others."""

    version: str
    title: str
    source: str
    """Where the rules come from: the document and its date."""
    max_exception_days: int | None = None
    """The longest that an exception approved in the console may hold, in days; left out: as long as its people say."""
    two_people_for: frozenset[Mode] = frozenset()
    """Modes that begin only when a second person has approved them."""
    zones: dict[str, Restrictions]
    other: Restrictions


class Waiver(_Rules, frozen=True, kw_only=True):
    """An exception to the baseline (例外): two people, a reason, an end. It loosens only what it names.

    Without ``pools`` and ``zones`` it counts for all pools, without ``groups`` for everybody. One ``for_mode = "bcp"``
    is approved in advance: it counts in that mode alone, and then against the tenant's and the pool's rules too.
    """

    id: str
    reason: str
    author: str
    approver: str
    """A second person; never the author."""
    ends_on: date
    """Last day on which it counts, in the tenant's time zone."""
    starts_on: date | None = None
    """First day on which it counts; without it from the beginning."""
    pools: frozenset[PoolId] = frozenset()
    zones: frozenset[ZoneId] = frozenset()
    groups: frozenset[str] = frozenset()
    for_mode: Mode = Mode.NORMAL
    origins: frozenset[Origin] = frozenset()
    """Origins that it adds."""
    segments: frozenset[Segment] = frozenset()
    devices: frozenset[DeviceKind] = frozenset()
    grants: frozenset[GrantName] = frozenset()
    without_approval_from: frozenset[Origin] = frozenset()
    without_certificate_from: frozenset[Origin] = frozenset()
    outside_hours: bool = False
    """Only with ``for_mode = "bcp"``."""


class Calendar(_Rules, frozen=True, kw_only=True):
    """Days on which the office is shut besides weekends, national holidays and 29 December to 3 January."""

    closed_days: frozenset[date] = frozenset()
    open_days: frozenset[date] = frozenset()
    """Days that are business days all the same (臨時開庁)."""


class RuleSet(_Rules, frozen=True, kw_only=True):
    """The rules that the IT desk changes: those of a pool, or of a tenant, which has neither groups nor origins."""

    restrictions: Restrictions = Restrictions()
    groups: frozenset[str] | None = None
    """Groups whose people are entitled to the pool."""
    origins: frozenset[Origin] | None = None
    """The pool's own list of origins."""


class TenantRules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a tenant's decisions rest on besides pool and person. No baseline denies all.

    ``waivers`` are the exceptions of the settings, ``granted`` those that two people approved in the console.
    """

    baseline: Baseline | None = None
    restrictions: Restrictions = Restrictions()
    waivers: tuple[Waiver, ...] = ()
    granted: tuple[Waiver, ...] = ()
    calendar: Calendar = Calendar()
    consent: ConsentRule | None = None
