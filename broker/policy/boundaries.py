"""The next moment at which a decision may change by time alone. Pure."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from broker.model.records import Pool, Tenant
from broker.model.rules import Hours
from broker.policy.calendar import spans_of
from broker.policy.local_time import local_time


def next_boundary(tenant: Tenant, pools: Iterable[Pool], now: datetime) -> datetime:
    """At the latest the next midnight of the tenant: days, approvals and exceptions end then."""
    here = local_time(now, tenant.time_zone)
    moments = [datetime.combine(here.date() + timedelta(days=1), time.min, here.tzinfo)]
    for hours in _hours_of(tenant, pools):
        for span in spans_of(hours):
            moments += [datetime.combine(here.date(), edge, here.tzinfo) for edge in span]
    if tenant.mode_until is not None:
        moments.append(tenant.mode_until)
    return min(moment for moment in moments if moment > now)


def _hours_of(tenant: Tenant, pools: Iterable[Pool]) -> list[Hours]:
    restrictions = [tenant.rules.restrictions, *(pool.restrictions for pool in pools)]
    if tenant.rules.baseline is not None:
        restrictions += [*tenant.rules.baseline.zones.values(), tenant.rules.baseline.other]
    return [asked.hours for asked in restrictions if asked.hours is not None]
