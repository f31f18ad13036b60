"""A tenant's settings as rows without its hosts and secrets: what decisions rest on. Refuses what can't hold."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from broker.errors import ConfigurationError
from broker.model.ids import PoolId, TenantId, ZoneId
from broker.model.kinds import DeviceKind
from broker.model.pool_settings import PoolSettings
from broker.model.records import Pool, Tenant, Zone
from broker.model.rules import Baseline, TenantRules
from broker.policy.baseline_profile import parse_baseline, shipped_baseline
from broker.policy.browser_checking import refusals_of_browser
from broker.policy.checking import RuleRefusal, list_refusals, refusals_of_tenant
from broker.policy.pool_checking import refusals_of_pool, waiting_grants
from broker.pool.consent_files import read_consent
from broker.pool.watermarks import marked_grants
from broker.settings import PolicySettings, SiteSettings, TenantSettings, ZoneSettings


class DesiredRules(msgspec.Struct, frozen=True, kw_only=True):
    tenant: Tenant
    zones: tuple[Zone, ...]
    pools: tuple[Pool, ...]


def read_desired_rules(settings: SiteSettings, asked: TenantSettings) -> DesiredRules:
    """Tenant, zones and pools as rows. Raises :class:`ConfigurationError` with every path that is wrong."""
    tenant_id = TenantId(asked.id)
    desired = DesiredRules(
        tenant=Tenant(
            id=tenant_id,
            name_ja=asked.name_ja,
            name_en=asked.name_en,
            hostnames=frozenset(name.lower() for name in asked.hostnames),
            time_zone=asked.time_zone,
            mode=asked.mode,
            rules=_rules(settings, asked),
        ),
        zones=tuple(_zone(tenant_id, zone) for zone in asked.zones),
        pools=tuple(_pool(tenant_id, asked, pool) for pool in asked.pools),
    )
    if refusals := _refusals(f"tenants.{asked.id}", desired):
        raise ConfigurationError(list_refusals(refusals))
    return desired


def notes_on_rules(desired: DesiredRules) -> list[RuleRefusal]:
    """What is in order and yet does nothing so far, for who wrote it."""
    zones = {zone.id: zone for zone in desired.zones}
    return [
        RuleRefusal(
            f"tenants.{desired.tenant.id}.pools.{pool.id}.grants.{name}",
            "nothing crosses until an exception is approved (console: 例外)",
        )
        for pool in desired.pools
        for name in waiting_grants(desired.tenant.rules, zones[pool.zone_id], pool)
    ]


def _rules(settings: SiteSettings, tenant: TenantSettings) -> TenantRules:
    asked, consent = tenant.policy, read_consent(settings, tenant)
    restrictions = asked.restrictions
    if restrictions.devices is None:
        restrictions = msgspec.structs.replace(restrictions, devices=frozenset({DeviceKind.MANAGED}))
    return TenantRules(
        baseline=_baseline(settings, asked),
        restrictions=restrictions,
        waivers=tuple(asked.exceptions),
        calendar=asked.calendar,
        consent=None if consent is None else consent.rule,
    )


def _baseline(settings: SiteSettings, asked: PolicySettings) -> Baseline:
    if not asked.baseline_file:
        return shipped_baseline(asked.baseline)
    path = settings.path(asked.baseline_file)
    return parse_baseline(_read(path), str(path))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: can't be read: {error}") from error


def _refusals(where: str, desired: DesiredRules) -> list[RuleRefusal]:
    try:
        ZoneInfo(desired.tenant.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return [RuleRefusal(f"{where}.time_zone", f"there is no time zone {desired.tenant.time_zone!r}")]
    rules = desired.tenant.rules
    found = refusals_of_tenant(f"{where}.policy", rules, desired.zones, desired.pools)
    zones = {zone.id: zone for zone in desired.zones}
    for pool in desired.pools:
        path = f"{where}.pools.{pool.id}"
        if pool.zone_id not in zones:
            found.append(RuleRefusal(f"{path}.zone", f"there is no zone {pool.zone_id!r} in this tenant"))
        else:
            found += refusals_of_pool(path, rules, zones[pool.zone_id], pool)
            found += refusals_of_browser(path, zones[pool.zone_id], pool)
    return found


def _zone(tenant_id: TenantId, asked: ZoneSettings) -> Zone:
    return Zone(
        tenant_id=tenant_id,
        id=ZoneId(asked.id),
        name_ja=asked.name_ja,
        name_en=asked.name_en,
        max_unsupervised_s=asked.max_unsupervised_s,
        baseline_kind=asked.baseline_kind,
    )


def _pool(tenant_id: TenantId, tenant: TenantSettings, asked: PoolSettings) -> Pool:
    grants = marked_grants(tenant.watermark, asked)
    return Pool(
        tenant_id=tenant_id,
        id=PoolId(asked.id),
        zone_id=ZoneId(asked.zone),
        name_ja=asked.name_ja,
        name_en=asked.name_en,
        kind=asked.kind,
        provider=asked.provider,
        protocol=asked.protocol,
        entitled_groups=frozenset(asked.entitled_groups),
        origins=frozenset(asked.origins),
        grants=msgspec.structs.replace(grants, cover_unfocused=tenant.cover_unfocused or grants.cover_unfocused),
        target_ready=asked.target_ready,
        max_size=max(asked.max_size, len(asked.desktops)),
        disconnect_limit_s=asked.disconnect_limit_s,
        settle_s=asked.settle_s,
        guacd_group=asked.guacd_group or asked.zone,
        parameters=asked.parameters,
        restrictions=asked.restrictions,
        is_priority=asked.is_priority,
        application=asked.application,
        allowed_destinations=tuple(asked.allowed_destinations),
        homepage=asked.homepage,
    )
