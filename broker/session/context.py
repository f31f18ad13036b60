"""What every part of the session service stands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from broker.lifecycle.session import SESSION_STEPS, SessionEvent
from broker.lifecycle.step import step
from broker.model.records import Session
from broker.pool.races import won
from broker.pool.steps import note, user_actor
from broker.ports import DesktopProvider, Store, Transaction, TunnelControl
from broker.secret import SealingKey


@dataclass(frozen=True, slots=True)
class SessionContext:
    """Ports of the session service. ``wake`` asks the reconciler for a round now."""

    store: Store
    sealing: SealingKey
    providers: Mapping[str, DesktopProvider]
    tunnels: TunnelControl
    wake: Callable[[], None]


async def step_session(tx: Transaction, session: Session, event: SessionEvent) -> Session:
    """Take one step in the books. Raises :class:`broker.pool.races.LostRace`."""
    state = step(SESSION_STEPS, session.state, event)
    after = msgspec.structs.replace(session, state=state, state_since=tx.now)
    return won(await tx.sessions.swap_session(session, after))


async def note_session(
    tx: Transaction,
    session: Session,
    event: str,
    *,
    outcome: str = "ok",
    address: str = "",
    detail: Mapping[str, str] | None = None,
) -> None:
    """An audit line of the person's own session."""
    told = {"pool": session.pool_id, **(detail or {})}
    subject = f"session:{session.id}"
    actor = user_actor(session.user_id)
    await note(tx, session.tenant_id, event, subject, actor=actor, outcome=outcome, address=address, detail=told)
