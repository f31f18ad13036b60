"""The rules for one pool, put together from what is kept of its tenant, its zone and itself."""

import msgspec

from broker.model.consent import ConsentRule
from broker.model.grants import Grants
from broker.model.ids import PoolId, ZoneId
from broker.model.records import Pool, Tenant, Zone
from broker.model.rules import Calendar, Restrictions, Waiver


class Layer(msgspec.Struct, frozen=True):
    """The restrictions of one origin of rules: ``baseline``, ``tenant`` or ``pool``."""

    name: str
    restrictions: Restrictions


class OpenRules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a decision about one pool is measured against. The strictest of the layers wins."""

    pool_id: PoolId
    zone_id: ZoneId
    entitled_groups: frozenset[str]
    is_priority: bool
    grants: Grants
    baseline: Layer
    own: tuple[Layer, ...]
    waivers: tuple[Waiver, ...]
    calendar: Calendar
    time_zone: str
    consent: ConsentRule | None = None


def rules_for(tenant: Tenant | None, zone: Zone | None, pool: Pool) -> OpenRules | None:
    """The rules of a pool; ``None`` where the tenant, the zone or the baseline is not known."""
    if tenant is None or zone is None or tenant.rules.baseline is None:
        return None
    baseline = tenant.rules.baseline
    own = pool.restrictions
    origins = pool.origins if own.origins is None else pool.origins & own.origins
    return OpenRules(
        pool_id=pool.id,
        zone_id=zone.id,
        entitled_groups=pool.entitled_groups,
        is_priority=pool.is_priority,
        grants=pool.grants,
        baseline=Layer("baseline", baseline.zones.get(zone.baseline_kind or zone.id, baseline.other)),
        own=(
            Layer("tenant", tenant.rules.restrictions),
            Layer("pool", msgspec.structs.replace(own, origins=origins)),
        ),
        waivers=(*tenant.rules.waivers, *tenant.rules.granted),
        calendar=tenant.rules.calendar,
        time_zone=tenant.time_zone,
        consent=tenant.rules.consent,
    )
