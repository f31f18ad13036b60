"""The end of a session and of what hangs on it, inside the caller's transaction."""

from datetime import timedelta

import msgspec

from broker.lifecycle.desktop import DESKTOP_STEPS, DesktopEvent
from broker.lifecycle.session import SESSION_STEPS, SessionEvent
from broker.lifecycle.step import may_step, step
from broker.model.reasons import EndReason
from broker.model.records import Assignment, Desktop, Session
from broker.pool.races import LostRace, won
from broker.pool.records import Cut
from broker.pool.rules import MAX_FAILURES, retry_after_s
from broker.pool.steps import SYSTEM, note, note_assignment, note_desktop, stepped, swap
from broker.ports import Transaction


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a session ends. ``fault`` blames its desktop; ``event`` is the audit's word for it."""

    reason: EndReason
    event: str = "session.ended"
    actor: str = SYSTEM
    address: str = ""
    has_failed: bool = False
    fault: str | None = None
    detail: dict[str, str] = {}


async def end_session(tx: Transaction, session: Session, end: End) -> list[Cut]:
    """End a live session: its attachments are closed, its seat is released, its desktop is to be cleaned.

    What the gateways have still to end is answered, for after the commit. Raises
    :class:`broker.pool.races.LostRace`.
    """
    event = SessionEvent.FAILED if end.has_failed else SessionEvent.ENDED
    ended = msgspec.structs.replace(
        session,
        state=step(SESSION_STEPS, session.state, event),
        state_since=tx.now,
        ended_at=tx.now,
        end_reason=end.reason,
    )
    won(await tx.sessions.swap_session(session, ended))
    detail = {"pool": session.pool_id, "user": session.user_id, "reason": str(end.reason), **end.detail}
    await note(
        tx,
        session.tenant_id,
        end.event,
        f"session:{session.id}",
        actor=end.actor,
        outcome="failed" if end.has_failed else "ok",
        address=end.address,
        detail=detail,
    )
    cuts = await close_attachments(tx, session, end.reason)
    if session.desktop_id is not None:
        assignment = await tx.sessions.get_assignment_on(session.tenant_id, session.desktop_id)
        if assignment is not None and assignment.id == session.assignment_id:
            await release(tx, assignment, end.reason, fault=end.fault)
    return cuts


async def close_attachments(tx: Transaction, session: Session, reason: EndReason) -> list[Cut]:
    """Close the open attachments of a session in the books."""
    cuts: list[Cut] = []
    for attachment in await tx.sessions.list_open_attachments(session_id=session.id):
        closed = msgspec.structs.replace(attachment, closed_at=tx.now, close_reason=reason, seat=None)
        await tx.sessions.update_attachment(closed)
        cuts.append(Cut(closed, reason))
    return cuts


async def release(tx: Transaction, assignment: Assignment, reason: EndReason, *, fault: str | None = None) -> None:
    """Take the seat back; a desktop that somebody could have been on is to be cleaned before anything else."""
    if not await tx.sessions.release_assignment(assignment, reason):
        raise LostRace("the assignment was released by somebody else")
    await note_assignment(tx, assignment, "assignment.released", reason=str(reason))
    desktop = await tx.pools.get_desktop(assignment.tenant_id, assignment.desktop_id)
    if desktop is not None and may_step(DESKTOP_STEPS, desktop.state, DesktopEvent.RELEASED):
        await _vacate(tx, desktop, fault)


async def _vacate(tx: Transaction, desktop: Desktop, fault: str | None) -> None:
    if fault is None:
        await swap(tx, desktop, stepped(desktop, tx.now, DesktopEvent.RELEASED))
        return
    failures = desktop.failures + 1
    is_faulty = failures >= MAX_FAILURES
    after = stepped(desktop, tx.now, DesktopEvent.FAILED if is_faulty else DesktopEvent.RELEASED)
    retry_at = tx.now + timedelta(seconds=retry_after_s(failures)) if is_faulty else None
    await swap(tx, desktop, msgspec.structs.replace(after, failures=failures, fault=fault, state_until=retry_at))
    await note_desktop(tx, desktop, "desktop.failed", outcome="failed", fault=fault)
