"""Whether an exception can be asked for at all: its dates, its length, and whether it opens anything. Pure."""

from collections.abc import Collection, Iterator
from datetime import date

from broker.model.kinds import Mode
from broker.model.records import Pool, Tenant, Zone
from broker.model.rules import Waiver
from broker.policy.checking import refusals_of_loosening
from broker.policy.loosening import loosen
from broker.policy.rulebook import OpenRules, rules_for
from broker.policy.second_person import ChangeRefusal, ChangeRefused


def refuse_exception(
    waiver: Waiver, tenant: Tenant, zones: Collection[Zone], pools: Collection[Pool], today: date
) -> ChangeRefused | None:
    """The first thing that is wrong with it, with the field. Asked when it is requested and when it is approved."""
    if waiver.ends_on < today:
        return ChangeRefused(ChangeRefusal.IN_PAST, f"ends_on: {waiver.ends_on} is in the past")
    for refusal in refusals_of_loosening("", waiver, zones, pools):
        return ChangeRefused(ChangeRefusal.CONTRADICTORY, f"{refusal.path.removeprefix('.')}: {refusal.why}")
    if (days := _allowed_days(tenant)) is not None and _days_of(waiver, today) > days:
        why = f"ends_on: the baseline allows {days} days at most, this one lasts {_days_of(waiver, today)}"
        return ChangeRefused(ChangeRefusal.TOO_LONG, why)
    concerned = list(_rules_of_concerned(waiver, tenant, zones, pools))
    if not any(_opens_something(waiver, rules) for rules in concerned):
        why = "the baseline asks for none of this in these pools: there is nothing to loosen"
        return ChangeRefused(ChangeRefusal.LOOSENS_NOTHING, why)
    return None


def refuse_begun(waiver: Waiver, today: date) -> ChangeRefused | None:
    """A first day that had passed before anybody asked. While it waits for its second person, days may pass."""
    if waiver.starts_on is not None and waiver.starts_on < today:
        return ChangeRefused(ChangeRefusal.IN_PAST, f"starts_on: {waiver.starts_on} is in the past")
    return None


def _allowed_days(tenant: Tenant) -> int | None:
    return None if tenant.rules.baseline is None else tenant.rules.baseline.max_exception_days


def _days_of(waiver: Waiver, today: date) -> int:
    return (waiver.ends_on - (waiver.starts_on or today)).days + 1


def _rules_of_concerned(
    waiver: Waiver, tenant: Tenant, zones: Collection[Zone], pools: Collection[Pool]
) -> Iterator[OpenRules]:
    by_id = {zone.id: zone for zone in zones}
    for pool in pools:
        if (waiver.pools or waiver.zones) and pool.id not in waiver.pools and pool.zone_id not in waiver.zones:
            continue
        rules = rules_for(tenant, by_id.get(pool.zone_id), pool)
        if rules is not None:
            yield rules


def _opens_something(waiver: Waiver, rules: OpenRules) -> bool:
    layers = [rules.baseline, *(rules.own if waiver.for_mode is Mode.BCP else ())]
    return any(loosen(layer.restrictions, waiver) != layer.restrictions for layer in layers)
