"""The tenant's mode: set at once, or by two people where the baseline asks for them."""

import msgspec

from broker.lifecycle.policy_change import ChangeEvent, ChangeState
from broker.model.actor import Actor
from broker.model.ids import TenantId
from broker.model.policy_records import ChangeKind, ModeOrder, PolicyChange
from broker.model.records import Tenant
from broker.model.text import clean_reason
from broker.policy.second_person import ChangeRefused, refuse_request
from broker.pool.change_steps import Hand, NewChange, add_change, step_change
from broker.pool.steps import note
from broker.ports import Transaction


def needs_two(tenant: Tenant, order: ModeOrder) -> bool:
    """A drill changes nothing and needs nobody."""
    baseline = tenant.rules.baseline
    return baseline is not None and order.mode in baseline.two_people_for and not order.is_drill


def order_in(change: PolicyChange) -> ModeOrder:
    return msgspec.json.decode(change.content, type=ModeOrder)


async def request_mode(
    tx: Transaction, actor: Actor, tenant: Tenant, order: ModeOrder, reason: str
) -> PolicyChange | ChangeRefused:
    """Written down for a second person; the mode stays as it is. The rules have to be held."""
    if (refusal := refuse_request(actor, reason)) is not None:
        return refusal
    new = NewChange(kind=ChangeKind.MODE, subject="", content=order, state=ChangeState.REQUESTED, until=order.until)
    return await add_change(tx, tenant.id, new, Hand(name=actor.name, address=actor.address, note=reason))


async def begin_mode(tx: Transaction, tenant_id: TenantId, order: ModeOrder, hand: Hand) -> None:
    """The mode begins; one that two people had approved before is over."""
    for change in await tx.changes.list_approved(tenant_id, ChangeKind.MODE):
        await step_change(tx, change, ChangeEvent.REPLACED, hand)
    await tx.people.set_mode(tenant_id, order)
    detail = {"mode": str(order.mode), "is_drill": str(order.is_drill).lower(), "reason": clean_reason(hand.note)}
    detail["until"] = "" if order.until is None else order.until.isoformat()
    subject = f"tenant:{tenant_id}"
    await note(tx, tenant_id, "mode.changed", subject, actor=hand.name, address=hand.address, detail=detail)
