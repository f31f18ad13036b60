"""Versions of rules that the IT desk makes: stricter ones hold at once, looser ones when a second person says so."""

import msgspec

from broker.change.records import NoSuchChange, RulesOrder
from broker.lifecycle.policy_change import ChangeEvent, ChangeState
from broker.model.actor import Actor
from broker.model.ids import PoolId
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.model.records import Tenant
from broker.model.rules import RuleSet
from broker.policy.checking import RuleRefusal, refusals_of_restrictions
from broker.policy.pool_checking import refusals_of_pool
from broker.policy.second_person import ChangeRefusal, ChangeRefused, refuse_request
from broker.policy.strictness import looser_parts
from broker.pool.change_steps import Hand, NewChange, add_change, step_change
from broker.pool.rule_versions import (
    TENANT_RULES,
    Proposal,
    find_version,
    pool_under,
    proposal_in,
    rules_in,
    rules_of_pool,
)
from broker.ports import Transaction


async def rules_now(tx: Transaction, tenant: Tenant, subject: str) -> RuleSet | None:
    """``None``: there is no such pool."""
    if subject == TENANT_RULES:
        return RuleSet(restrictions=tenant.rules.restrictions)
    pool = await tx.pools.get_pool(tenant.id, PoolId(subject))
    return None if pool is None else rules_of_pool(pool)


async def save_rules(
    tx: Transaction, actor: Actor, tenant: Tenant, order: RulesOrder, reason: str
) -> PolicyChange | ChangeRefused | NoSuchChange:
    """A new version that holds at once, or waits for its second person when something in it is looser."""
    before = await rules_now(tx, tenant, order.subject)
    if before is None:
        return NoSuchChange()
    if not reason.strip():
        return ChangeRefused(ChangeRefusal.REASON_MISSING, "reason: is empty; it goes into the audit")
    if order.rules == before:
        return ChangeRefused(ChangeRefusal.CHANGES_NOTHING, "these rules hold already")
    refusal = await _refuse_rules(tx, tenant, order)
    looser = looser_parts(before, order.rules)
    if looser:
        refusal = refusal or refuse_request(actor, reason)
    if refusal is not None:
        return refusal
    new = NewChange(
        kind=ChangeKind.RULES,
        subject=order.subject,
        content=Proposal(**msgspec.structs.asdict(order.rules), based_on=order.based_on, looser=looser),
        state=ChangeState.REQUESTED if looser else ChangeState.APPROVED,
    )
    hand = Hand(name=actor.name, address=actor.address, note=reason)
    if not looser:
        await _replace(tx, tenant, order.subject, order.rules, hand)
    return await add_change(tx, tenant.id, new, hand)


async def refuse_proposal(tx: Transaction, tenant: Tenant, change: PolicyChange) -> ChangeRefused | None:
    """Why a proposal can't begin to hold now, though it could when it was made."""
    order = RulesOrder(subject=change.subject, rules=rules_in(change), based_on=proposal_in(change).based_on)
    return await _refuse_rules(tx, tenant, order)


async def begin_rules(tx: Transaction, tenant: Tenant, change: PolicyChange, hand: Hand) -> None:
    """The version begins to hold in the place of the one before. To be called before its own step."""
    await _replace(tx, tenant, change.subject, rules_in(change), hand)


async def _refuse_rules(tx: Transaction, tenant: Tenant, order: RulesOrder) -> ChangeRefused | None:
    held = await find_version(tx, tenant.id, order.subject)
    number = 0 if held is None else held.number
    if number != order.based_on:
        why = f"made from version {order.based_on}, but version {number} holds now: look at it and begin again"
        return ChangeRefused(ChangeRefusal.STALE, why)
    refusals = await _faults(tx, tenant, order)
    if refusals:
        return ChangeRefused(ChangeRefusal.CONTRADICTORY, f"{refusals[0].path}: {refusals[0].why}")
    return None


async def _faults(tx: Transaction, tenant: Tenant, order: RulesOrder) -> list[RuleRefusal]:
    rules = order.rules
    if order.subject == TENANT_RULES:
        extra = [name for name in ("groups", "origins") if getattr(rules, name) is not None]
        found = [RuleRefusal(name, "belongs to a pool, not to the tenant") for name in extra]
        return [*found, *refusals_of_restrictions("restrictions", rules.restrictions)]
    pool = await tx.pools.get_pool(tenant.id, PoolId(order.subject))
    zone = None if pool is None else await tx.pools.get_zone(tenant.id, pool.zone_id)
    if pool is None or zone is None:
        return [RuleRefusal("pool", "is not there any more")]
    if not rules.groups:
        return [RuleRefusal("groups", "an empty list would let nobody in")]
    # Exceptions of the console count here as those of the settings do.
    known = (*tenant.rules.waivers, *tenant.rules.granted)
    all_rules = msgspec.structs.replace(tenant.rules, waivers=known)
    return refusals_of_pool(pool.id, all_rules, zone, pool_under(pool, rules))


async def _replace(tx: Transaction, tenant: Tenant, subject: str, rules: RuleSet, hand: Hand) -> None:
    held = await find_version(tx, tenant.id, subject)
    if held is not None:
        await step_change(tx, held, ChangeEvent.REPLACED, hand)
    if subject == TENANT_RULES:
        all_rules = msgspec.structs.replace(tenant.rules, restrictions=rules.restrictions)
        await tx.changes.put_rules(tenant.id, all_rules)
        return
    pool = await tx.pools.get_pool(tenant.id, PoolId(subject))
    if pool is not None:
        await tx.pools.put_pool(pool_under(pool, rules))
