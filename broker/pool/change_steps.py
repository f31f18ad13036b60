"""Steps of one change of the rules inside a transaction: the table decides, the row is swapped, the books say so."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from broker.lifecycle.policy_change import CHANGE_STEPS, ChangeEvent, ChangeState
from broker.lifecycle.step import step
from broker.model.ids import TenantId, new_id
from broker.model.policy_records import ChangeKind, ChangeSource, PolicyChange
from broker.model.text import clean_reason
from broker.pool.races import won
from broker.pool.steps import SYSTEM, note
from broker.ports import Transaction


class Hand(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes a step, from where, and what they say about it."""

    name: str = SYSTEM
    address: str = ""
    note: str = ""


class NewChange(msgspec.Struct, frozen=True, kw_only=True):
    kind: ChangeKind
    subject: str
    content: msgspec.Struct
    state: ChangeState
    source: ChangeSource = ChangeSource.CONSOLE
    until: datetime | None = None
    id: str = ""


async def add_change(tx: Transaction, tenant_id: TenantId, new: NewChange, hand: Hand) -> PolicyChange:
    """Write it down under the next number. The rules have to be held."""
    is_in_force = new.state is ChangeState.APPROVED
    change = PolicyChange(
        tenant_id=tenant_id,
        id=new.id or new_id(),
        kind=new.kind,
        subject=new.subject,
        number=await tx.changes.next_number(tenant_id, new.kind, new.subject),
        state=new.state,
        version=1,
        source=new.source,
        content=msgspec.json.encode(new.content, order="deterministic").decode(),
        reason=clean_reason(hand.note),
        requested_by=hand.name,
        requested_at=tx.now,
        decided_at=tx.now if is_in_force else None,
        until=new.until,
    )
    await tx.changes.add_change(change)
    await note_change(tx, change, "changed" if is_in_force else "requested", hand, {"content": change.content})
    return change


async def step_change(tx: Transaction, change: PolicyChange, event: ChangeEvent, hand: Hand) -> PolicyChange:
    """Take one step in the books. Raises :class:`broker.errors.ImpossibleTransition`,
    :class:`broker.pool.races.LostRace`."""
    state = step(CHANGE_STEPS, change.state, event)
    said = clean_reason(hand.note)
    if event in {ChangeEvent.APPROVED, ChangeEvent.REJECTED}:
        after = msgspec.structs.replace(
            change, state=state, decided_by=hand.name, decided_at=tx.now, decision_note=said
        )
    else:
        after = msgspec.structs.replace(change, state=state, ended_by=hand.name, ended_at=tx.now, end_note=said)
    stored = won(await tx.changes.swap_change(change, after))
    await note_change(tx, stored, str(event), hand, {"requested_by": stored.requested_by})
    return stored


async def note_change(tx: Transaction, change: PolicyChange, verb: str, hand: Hand, detail: Mapping[str, str]) -> None:
    """One audit line: ``exception.approved``, ``rules.replaced`` and so on."""
    told = {"number": str(change.number), "reason": clean_reason(hand.note), **detail}
    if change.subject:
        told["pool"] = change.subject
    subject = f"{change.kind}:{change.id}"
    await note(
        tx, change.tenant_id, f"{change.kind}.{verb}", subject, actor=hand.name, address=hand.address, detail=told
    )
