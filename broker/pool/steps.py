"""Steps of one desktop inside a transaction: the table decides, the row is swapped, the books say so."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from broker.lifecycle.desktop import DESKTOP_STEPS, DesktopEvent
from broker.lifecycle.step import step
from broker.model.ids import TenantId, UserId
from broker.model.records import Assignment, Desktop
from broker.pool.races import won
from broker.ports import AuditEntry, Transaction

SYSTEM: Final = "system"


def stepped(desktop: Desktop, now: datetime, *events: DesktopEvent) -> Desktop:
    """The desktop after ``events``. Raises :class:`broker.errors.ImpossibleTransition`."""
    state = desktop.state
    for event in events:
        state = step(DESKTOP_STEPS, state, event)
    since = desktop.state_since if state is desktop.state else now
    return msgspec.structs.replace(desktop, state=state, state_since=since, state_until=None)


async def swap(tx: Transaction, before: Desktop, after: Desktop) -> Desktop:
    """Raises :class:`broker.pool.races.LostRace`."""
    return won(await tx.pools.swap_desktop(before, after))


async def note(
    tx: Transaction,
    tenant_id: TenantId,
    event: str,
    subject: str,
    *,
    actor: str = SYSTEM,
    outcome: str = "ok",
    address: str = "",
    detail: Mapping[str, str] | None = None,
) -> None:
    """One audit line in this transaction."""
    await tx.audit.append(
        AuditEntry(
            tenant_id=tenant_id,
            event=event,
            actor=actor,
            subject=subject,
            outcome=outcome,
            address=address,
            detail=dict(detail or {}),
        )
    )


async def note_desktop(
    tx: Transaction, desktop: Desktop, event: str, *, actor: str = SYSTEM, outcome: str = "ok", **detail: str
) -> None:
    told = {"pool": desktop.pool_id, "name": desktop.name, **detail}
    await note(tx, desktop.tenant_id, event, f"desktop:{desktop.id}", actor=actor, outcome=outcome, detail=told)


async def note_assignment(tx: Transaction, assignment: Assignment, event: str, **detail: str) -> None:
    told = {"pool": assignment.pool_id, "desktop": assignment.desktop_id, "user": assignment.user_id, **detail}
    await note(tx, assignment.tenant_id, event, f"assignment:{assignment.id}", detail=told)


def user_actor(user_id: UserId) -> str:
    return f"user:{user_id}"
