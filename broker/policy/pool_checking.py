"""Whether what a pool asks for can ever hold under its baseline and its tenant. Pure."""

from broker.model.records import Pool, Zone
from broker.model.rules import Baseline, GrantName, Restrictions, TenantRules, Waiver
from broker.policy.checking import RuleRefusal, has_control_characters, refusals_of_restrictions


def refusals_of_pool(where: str, rules: TenantRules, zone: Zone, pool: Pool) -> list[RuleRefusal]:
    """Contradictions. Exceptions count whether or not they have ended: a file that was right yesterday still loads."""
    found = refusals_of_restrictions(f"{where}.restrictions", pool.restrictions)
    if pool.grants.watermark_text is not None and has_control_characters(pool.grants.watermark_text):
        found.append(RuleRefusal(f"{where}.grants.watermark_text", "holds control characters"))
    if not pool.origins:
        found.append(RuleRefusal(f"{where}.origins", "an empty list would let nobody in"))
    if rules.baseline is None:
        return [*found, RuleRefusal(where, "there is no baseline")]
    return [*found, *_origins(where, _baseline_of(rules.baseline, zone), rules, pool, _waivers_of(rules, pool))]


def waiting_grants(rules: TenantRules, zone: Zone, pool: Pool) -> list[GrantName]:
    """What the pool would let across and the baseline does not, as far as the settings' exceptions tell.

    No contradiction: it crosses as soon as two people approve an exception in the console, and not before.
    """
    baseline = None if rules.baseline is None else _baseline_of(rules.baseline, zone)
    if baseline is None or baseline.grants is None:
        return []
    allowed = baseline.grants | frozenset(grant for waiver in _waivers_of(rules, pool) for grant in waiver.grants)
    return [name for name in GrantName if getattr(pool.grants, name) and name not in allowed]


def _baseline_of(baseline: Baseline, zone: Zone) -> Restrictions:
    return baseline.zones.get(zone.baseline_kind or zone.id, baseline.other)


def _waivers_of(rules: TenantRules, pool: Pool) -> list[Waiver]:
    return [waiver for waiver in rules.waivers if _is_about(waiver, pool)]


def _is_about(waiver: Waiver, pool: Pool) -> bool:
    return not (waiver.pools or waiver.zones) or pool.id in waiver.pools or pool.zone_id in waiver.zones


def _origins(
    where: str, baseline: Restrictions, rules: TenantRules, pool: Pool, waivers: list[Waiver]
) -> list[RuleRefusal]:
    added = frozenset(origin for waiver in waivers for origin in waiver.origins)
    found: list[RuleRefusal] = []
    for name, asked in (("baseline", baseline), ("tenant", rules.restrictions), ("pool", pool.restrictions)):
        if asked.origins is None:
            continue
        for origin in sorted(pool.origins - asked.origins - added):
            why = f"{origin} is refused by the {name}; take it out, or record an exception"
            found.append(RuleRefusal(f"{where}.origins", why))
    return found
