"""Exceptions to the baseline (例外): asked for by one, approved by another, over at their end or when revoked."""

from datetime import date

import msgspec

from broker.change.records import ExceptionOrder
from broker.lifecycle.policy_change import ChangeState
from broker.model.actor import Actor
from broker.model.ids import TenantId, new_id
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.model.records import Tenant
from broker.model.rules import Waiver
from broker.model.text import clean_reason
from broker.policy.calendar import day_after
from broker.policy.exception_checking import refuse_begun, refuse_exception
from broker.policy.local_time import local_time
from broker.policy.second_person import ChangeRefused, refuse_request
from broker.pool.change_steps import Hand, NewChange, add_change
from broker.ports import Transaction


def waiver_in(change: PolicyChange) -> Waiver:
    """The exception, with the people that its row names: nobody has approved it before it is approved."""
    waiver = msgspec.json.decode(change.content, type=Waiver)
    return msgspec.structs.replace(
        waiver, id=change.id, author=change.requested_by, approver=change.decided_by or "", reason=change.reason
    )


async def request_exception(
    tx: Transaction, actor: Actor, tenant: Tenant, order: ExceptionOrder, reason: str
) -> PolicyChange | ChangeRefused:
    """Written down, and nothing is loosened yet. The rules have to be held."""
    change_id = new_id()
    fields = msgspec.structs.asdict(order)
    waiver = Waiver(id=change_id, reason=clean_reason(reason), author=actor.name, approver="", **fields)
    refusal = (
        refuse_request(actor, reason)
        or refuse_begun(waiver, today_of(tx, tenant))
        or await why_not_now(tx, tenant, waiver)
    )
    if refusal is not None:
        return refusal
    new = NewChange(
        id=change_id,
        kind=ChangeKind.EXCEPTION,
        subject="",
        content=waiver,
        state=ChangeState.REQUESTED,
        until=day_after(waiver.ends_on, local_time(tx.now, tenant.time_zone)),
    )
    return await add_change(tx, tenant.id, new, Hand(name=actor.name, address=actor.address, note=reason))


async def why_not_now(tx: Transaction, tenant: Tenant, waiver: Waiver) -> ChangeRefused | None:
    """Asked again when it is approved: days, pools and baseline may have changed since."""
    zones = await tx.pools.list_zones(tenant.id)
    pools = await tx.pools.list_pools(tenant.id)
    return refuse_exception(waiver, tenant, zones, pools, today_of(tx, tenant))


async def put_granted(tx: Transaction, tenant_id: TenantId) -> None:
    """Bring the tenant's rules to the approved exceptions, and nothing else. The rules have to be held."""
    tenant = await tx.people.get_tenant(tenant_id)
    if tenant is None:
        return
    approved = await tx.changes.list_approved(tenant_id, ChangeKind.EXCEPTION)
    granted = tuple(waiver_in(change) for change in approved)
    if granted != tenant.rules.granted:
        await tx.changes.put_rules(tenant_id, msgspec.structs.replace(tenant.rules, granted=granted))


def today_of(tx: Transaction, tenant: Tenant) -> date:
    return local_time(tx.now, tenant.time_zone).date()
