"""What is wrong with rules before they hold: contradictions, exceptions of one person, texts that deceive. Pure."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from broker.model.kinds import Mode
from broker.model.records import Pool, Zone
from broker.model.rules import Baseline, Calendar, Hours, Restrictions, TenantRules, Waiver
from broker.model.text import is_unseen

_LIMITS: Final = ("max_sessions", "step_up_s", "idle_limit_s", "absolute_limit_s")
_MOST: Final = 1_000_000_000
"""Beyond this no clock counts; whoever wants no limit leaves it out."""


class RuleRefusal(msgspec.Struct, frozen=True):
    """``path`` is that of the settings, ``why`` is for the person who wrote them."""

    path: str
    why: str


def list_refusals(refusals: Iterable[RuleRefusal]) -> str:
    """One line for each, for whoever has to mend them."""
    return "\n".join(f"{refusal.path}: {refusal.why}" for refusal in refusals)


def refusals_of_baseline(baseline: Baseline) -> list[RuleRefusal]:
    """A profile that could not hold."""
    found = [refusal for text in ("version", "title", "source") for refusal in _text(text, getattr(baseline, text))]
    for kind, restrictions in baseline.zones.items():
        found += refusals_of_restrictions(f"zones.{kind}", restrictions)
    return [*found, *refusals_of_restrictions("other", baseline.other)]


def refusals_of_tenant(
    where: str, rules: TenantRules, zones: Collection[Zone], pools: Collection[Pool]
) -> list[RuleRefusal]:
    """Everything about a tenant's rules that does not need the clock."""
    found = refusals_of_restrictions(f"{where}.restrictions", rules.restrictions)
    found += _calendar(f"{where}.calendar", rules.calendar)
    ids = [waiver.id for waiver in rules.waivers]
    for waiver in rules.waivers:
        path = f"{where}.exceptions.{waiver.id}"
        if ids.count(waiver.id) > 1:
            found.append(RuleRefusal(path, "is there twice"))
        found += _waiver(path, waiver, zones, pools)
    return found


def refusals_of_past(
    where: str, waivers: Collection[Waiver], known: Collection[Waiver], today: date
) -> list[RuleRefusal]:
    """Exceptions that had ended before they were first written down. One that ended since then just counts no more."""
    return [
        RuleRefusal(f"{where}.exceptions.{waiver.id}.ends_on", f"{waiver.ends_on} is in the past")
        for waiver in waivers
        if waiver.ends_on < today and waiver not in known
    ]


def refusals_of_restrictions(where: str, restrictions: Restrictions) -> list[RuleRefusal]:
    found: list[RuleRefusal] = []
    found += [
        RuleRefusal(f"{where}.{name}", "an empty list would let nobody in; leave it out or name some")
        for name in ("origins", "segments", "devices")
        if getattr(restrictions, name) == frozenset()
    ]
    for name in _LIMITS:
        limit: int | None = getattr(restrictions, name)
        if limit is not None and limit <= 0:
            found.append(RuleRefusal(f"{where}.{name}", f"{limit} would let nobody in"))
        if limit is not None and limit > _MOST:
            found.append(RuleRefusal(f"{where}.{name}", f"{limit} is more than {_MOST}: leave it out for no limit"))
    if restrictions.days_per_week is not None and not 1 <= restrictions.days_per_week <= 7:
        found.append(RuleRefusal(f"{where}.days_per_week", f"{restrictions.days_per_week} is not between 1 and 7"))
    if restrictions.hours is not None:
        found += _hours(f"{where}.hours", restrictions.hours)
    return found


def _hours(where: str, hours: Hours) -> Iterator[RuleRefusal]:
    if not hours.opens < hours.closes:
        yield RuleRefusal(where, f"opens at {hours.opens:%H:%M} but closes at {hours.closes:%H:%M}")
    if hours.closes_for_lunch and not hours.opens < hours.lunch_from < hours.lunch_to < hours.closes:
        yield RuleRefusal(where, f"lunch {hours.lunch_from:%H:%M} to {hours.lunch_to:%H:%M} does not lie in the hours")


def _calendar(where: str, calendar: Calendar) -> list[RuleRefusal]:
    both = sorted(calendar.closed_days & calendar.open_days)
    return [RuleRefusal(where, f"{day} is both a closed and an open day") for day in both]


def _waiver(path: str, waiver: Waiver, zones: Collection[Zone], pools: Collection[Pool]) -> Iterator[RuleRefusal]:
    for name in ("id", "reason", "author", "approver"):
        yield from _text(f"{path}.{name}", getattr(waiver, name))
    if waiver.author.strip().casefold() == waiver.approver.strip().casefold():
        yield RuleRefusal(f"{path}.approver", "nobody approves their own exception: a second person is needed")
    yield from refusals_of_loosening(path, waiver, zones, pools)


def refusals_of_loosening(
    path: str, waiver: Waiver, zones: Collection[Zone], pools: Collection[Pool]
) -> Iterator[RuleRefusal]:
    """What is wrong with an exception whoever asks for it: its dates, its mode, and what it is about."""
    if waiver.starts_on is not None and waiver.starts_on > waiver.ends_on:
        yield RuleRefusal(f"{path}.starts_on", f"{waiver.starts_on} is after its end {waiver.ends_on}")
    if waiver.for_mode not in {Mode.NORMAL, Mode.BCP}:
        yield RuleRefusal(f"{path}.for_mode", f"{waiver.for_mode} is not a mode that exceptions are approved for")
    if waiver.outside_hours and waiver.for_mode is not Mode.BCP:
        yield RuleRefusal(f"{path}.outside_hours", "hours are the tenant's own rules: change those")
    if not _loosens_something(waiver):
        yield RuleRefusal(path, "it loosens nothing")
    for pool_id in sorted(waiver.pools - {pool.id for pool in pools}):
        yield RuleRefusal(f"{path}.pools", f"there is no pool {pool_id!r}")
    for zone_id in sorted(waiver.zones - {zone.id for zone in zones}):
        yield RuleRefusal(f"{path}.zones", f"there is no zone {zone_id!r}")
    for group in sorted(waiver.groups):
        yield from _text(f"{path}.groups", group)


def _loosens_something(waiver: Waiver) -> bool:
    added = (waiver.origins, waiver.segments, waiver.devices, waiver.grants)
    return any((*added, waiver.without_approval_from, waiver.without_certificate_from, waiver.outside_hours))


def _text(path: str, text: str) -> Iterator[RuleRefusal]:
    if not text.strip():
        yield RuleRefusal(path, "is empty")
    if has_control_characters(text):
        yield RuleRefusal(path, "holds control characters")


def has_control_characters(text: str) -> bool:
    """Characters that show nothing of their own but change how a text is shown: controls, line ends, direction."""
    return any(is_unseen(sign) for sign in text)
