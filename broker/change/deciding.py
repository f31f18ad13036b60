"""One decision on one change, with what begins or ends by it, in one transaction."""

from typing import Final

from broker.change.exceptions import put_granted, waiver_in, why_not_now
from broker.change.hands import refuse_same_hands
from broker.change.modes import begin_mode, order_in
from broker.change.records import NoSuchChange
from broker.change.rule_sets import begin_rules, refuse_proposal
from broker.lifecycle.policy_change import ChangeEvent
from broker.model.actor import Actor
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.model.records import Tenant
from broker.policy.modes import why_not_mode
from broker.policy.second_person import ChangeRefusal, ChangeRefused, refuse_approval, refuse_step
from broker.pool.change_steps import Hand, step_change
from broker.ports import Transaction

DECISIONS: Final = frozenset({ChangeEvent.APPROVED, ChangeEvent.REJECTED, ChangeEvent.WITHDRAWN, ChangeEvent.REVOKED})
"""The steps that people take. An end by the clock or by a successor is never anybody's word: rules without their
version would give way to those of the settings, and nobody would have approved it."""


async def decide(
    tx: Transaction, actor: Actor, change_id: str, event: ChangeEvent, note: str
) -> PolicyChange | ChangeRefused | NoSuchChange:
    """The rules of the tenant have to be held."""
    tenant = await tx.people.get_tenant(actor.tenant_id)
    change = await tx.changes.get_change(actor.tenant_id, change_id)
    if tenant is None or change is None:
        return NoSuchChange()
    refusal = _refuse_event(actor, change, event) or refuse_step(change, event, note)
    if event is ChangeEvent.APPROVED:
        refusal = refusal or refuse_approval(actor, change, tx.now) or await refuse_same_hands(tx, actor, change)
        refusal = refusal or await _refuse_beginning(tx, tenant, change)
    if refusal is not None:
        return refusal
    hand = Hand(name=actor.name, address=actor.address, note=note)
    if event is ChangeEvent.APPROVED:
        await _begin(tx, tenant, change, hand)
    stored = await step_change(tx, change, event, hand)
    if change.kind is ChangeKind.EXCEPTION:
        await put_granted(tx, change.tenant_id)
    return stored


def _refuse_event(actor: Actor, change: PolicyChange, event: ChangeEvent) -> ChangeRefused | None:
    """Rules and modes are never revoked: others are put in their place. A request is taken back by who made it."""
    if event not in DECISIONS:
        return ChangeRefused(ChangeRefusal.NO_DECISION, f"decision: one of {', '.join(sorted(DECISIONS))}")
    if event is ChangeEvent.REVOKED and change.kind is not ChangeKind.EXCEPTION:
        return ChangeRefused(ChangeRefusal.ALREADY_OVER, f"{change.kind}: set another one in its place")
    if event is ChangeEvent.WITHDRAWN and actor.name != change.requested_by:
        return ChangeRefused(ChangeRefusal.NOT_OWN_REQUEST, "only who asked takes a request back: reject it instead")
    return None


async def _refuse_beginning(tx: Transaction, tenant: Tenant, change: PolicyChange) -> ChangeRefused | None:
    match change.kind:
        case ChangeKind.EXCEPTION:
            return await why_not_now(tx, tenant, waiver_in(change))
        case ChangeKind.RULES:
            return await refuse_proposal(tx, tenant, change)
        case ChangeKind.MODE:
            why = why_not_mode(order_in(change), change.reason, tx.now)
            return None if why is None else ChangeRefused(ChangeRefusal.IN_PAST, why)


async def _begin(tx: Transaction, tenant: Tenant, change: PolicyChange, hand: Hand) -> None:
    """What has to happen before the change's own step: its predecessor makes room."""
    match change.kind:
        case ChangeKind.EXCEPTION:
            pass
        case ChangeKind.RULES:
            await begin_rules(tx, tenant, change, hand)
        case ChangeKind.MODE:
            await begin_mode(tx, tenant.id, order_in(change), hand)
