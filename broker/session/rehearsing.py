"""The last 30 days' decisions under other rules, read from the books."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Final

import msgspec

from broker.model.ids import PoolId, TenantId
from broker.model.kinds import Mode
from broker.model.policy_records import DecisionRecord
from broker.model.records import Pool, Tenant
from broker.model.rules import RuleSet, Waiver
from broker.policy.rehearsal import PastDecision, rehearse
from broker.policy.rulebook import OpenRules, rules_for
from broker.pool.desired_rules import DesiredRules
from broker.pool.rule_versions import TENANT_RULES, pool_under, rules_if_asked, rules_of_pool
from broker.ports import Store, Transaction
from broker.session.desk_records import Rehearsed
from broker.session.recording import MEMORY, facts_of

_MAX_DECISIONS: Final = 200_000


async def rehearse_past(
    store: Store, tenant_id: TenantId, rules: Mapping[PoolId, OpenRules], mode: Mode | None
) -> Rehearsed:
    """Who would lose and who would gain. Nothing is changed."""
    async with store.read() as tx:
        since = tx.now - MEMORY
        records = await tx.policy.list_decisions(tenant_id, since, _MAX_DECISIONS)
    # Thousands of decisions take seconds: beside the loop, so that nobody waits for a rehearsal.
    rehearsal = await asyncio.to_thread(lambda: rehearse((_past(record) for record in records), rules, mode=mode))
    async with store.read() as tx:
        user_ids = {change.user_id for change in (*rehearsal.losing, *rehearsal.gaining)}
        users = await tx.people.get_users(tenant_id, user_ids)
    return Rehearsed(
        rehearsal=rehearsal,
        since=since,
        is_complete=len(records) < _MAX_DECISIONS,
        logins={user.id: user.login for user in users.values()},
    )


async def read_rules_of(tx: Transaction, desired: DesiredRules) -> dict[PoolId, OpenRules]:
    """The rules of every pool as they would hold under other settings: what the IT desk changed and the settings leave
    as it was stays, and so do the exceptions that two people approved."""
    tenant = await _tenant_under(tx, desired.tenant)
    zones = {zone.id: zone for zone in desired.zones}
    found: dict[PoolId, OpenRules | None] = {}
    for pool in desired.pools:
        staying = await rules_if_asked(tx, tenant.id, pool.id, rules_of_pool(pool))
        after = pool if staying is None else pool_under(pool, staying)
        found[pool.id] = rules_for(tenant, zones.get(pool.zone_id), after)
    return {pool_id: rules for pool_id, rules in found.items() if rules is not None}


async def _tenant_under(tx: Transaction, wanted: Tenant) -> Tenant:
    before = await tx.people.get_tenant(wanted.id)
    asked = RuleSet(restrictions=wanted.rules.restrictions)
    staying = await rules_if_asked(tx, wanted.id, TENANT_RULES, asked)
    rules = msgspec.structs.replace(
        wanted.rules,
        restrictions=(staying or asked).restrictions,
        granted=() if before is None else before.rules.granted,
    )
    return msgspec.structs.replace(wanted, rules=rules)


async def read_rules_as_if(
    tx: Transaction, tenant_id: TenantId, subject: str, rules: RuleSet | None
) -> dict[PoolId, OpenRules]:
    """The rules of every pool as they hold now, with ``rules`` in the place of those of ``subject``."""
    tenant = await tx.people.get_tenant(tenant_id)
    if tenant is not None and rules is not None and subject == TENANT_RULES:
        changed = msgspec.structs.replace(tenant.rules, restrictions=rules.restrictions)
        tenant = msgspec.structs.replace(tenant, rules=changed)
    pools = await tx.pools.list_pools(tenant_id)
    if rules is not None and subject != TENANT_RULES:
        pools = [pool_under(pool, rules) if pool.id == subject else pool for pool in pools]
    return await _book(tx, tenant, pools)


async def read_rules_with(tx: Transaction, tenant_id: TenantId, waiver: Waiver) -> dict[PoolId, OpenRules]:
    """The rules of every pool as if two people had approved this exception long ago."""
    tenant = await tx.people.get_tenant(tenant_id)
    if tenant is not None:
        always = msgspec.structs.replace(
            waiver, author="one", approver="another", starts_on=None, ends_on=date(9998, 12, 31)
        )
        rules = msgspec.structs.replace(tenant.rules, granted=(*tenant.rules.granted, always))
        tenant = msgspec.structs.replace(tenant, rules=rules)
    return await _book(tx, tenant, await tx.pools.list_pools(tenant_id))


async def _book(tx: Transaction, tenant: Tenant | None, pools: list[Pool]) -> dict[PoolId, OpenRules]:
    zones = {} if tenant is None else {zone.id: zone for zone in await tx.pools.list_zones(tenant.id)}
    found = {pool.id: rules_for(tenant, zones.get(pool.zone_id), pool) for pool in pools}
    return {pool_id: rules for pool_id, rules in found.items() if rules is not None}


def _past(record: DecisionRecord) -> PastDecision:
    try:
        facts = facts_of(record)
    except msgspec.MsgspecError:
        facts = None
    return PastDecision(at=record.at, user_id=record.user_id, pool_id=record.pool_id, reason=record.reason, facts=facts)
