"""Tickets: a single-use permission for one tunnel, given out only while policy says yes."""

from datetime import timedelta

import msgspec

from broker.lifecycle.session import SESSION_STEPS, SessionEvent, SessionState
from broker.lifecycle.step import step
from broker.model.ids import SessionId
from broker.model.records import Session, WebSession
from broker.model.ticket import Ticket
from broker.policy.decision import Allow, Deny
from broker.pool.races import won, write_again
from broker.ports import Transaction
from broker.secret import hash_token, new_token
from broker.session.asking_policy import decide, live_web_session, note_denial
from broker.session.context import SessionContext, note_session
from broker.session.records import NoSuchSession, Preparing, SessionOver, TicketIssued, TicketOutcome
from broker.session.rules import TICKET_TTL_S, UP_STATES, is_live, position_of
from broker.signin.records import Authenticated


async def issue_ticket(context: SessionContext, auth: Authenticated, session_id: SessionId) -> TicketOutcome:
    """A ticket for the person's own session, or why there is none (yet). Policy is asked every time."""
    return await write_again(context.store, lambda tx: _issue(tx, auth, session_id))


async def _issue(tx: Transaction, auth: Authenticated, session_id: SessionId) -> TicketOutcome:
    user = auth.user
    session = await tx.sessions.get_session(user.tenant_id, session_id)
    if session is None or session.user_id != user.id:
        return NoSuchSession()
    pool = await tx.pools.get_pool(user.tenant_id, session.pool_id)
    if not is_live(session) or pool is None:
        return SessionOver(session.end_reason)
    match await decide(tx, user.tenant_id, user.id, auth.session.token_hash, pool):
        case Deny() as deny:
            return await note_denial(tx, deny, pool, user.id, auth.session.address)
        case Allow(grants):
            pass
    web = await live_web_session(tx, user.tenant_id, user.id, auth.session.token_hash)
    if web is None:
        return NoSuchSession()
    if (preparing := await _preparing(tx, session)) is not None:
        return preparing
    renewed = msgspec.structs.replace(
        session,
        grants=grants,
        origin=web.origin,
        segment=web.segment,
        device=web.device,
        certificate=web.certificate,
        device_id=web.device_id,
    )
    return await _issue_for(tx, renewed, session, web)


async def _preparing(tx: Transaction, session: Session) -> Preparing | None:
    if session.state is SessionState.QUEUED:
        place = position_of(await tx.sessions.list_queue(session.tenant_id, session.pool_id), session.id)
        return Preparing(state=session.state, position=place, waiting_since=session.created_at)
    desktop = None
    if session.desktop_id is not None:
        desktop = await tx.pools.get_desktop(session.tenant_id, session.desktop_id)
    if desktop is None or desktop.state not in UP_STATES:
        return Preparing(state=session.state, position=0, waiting_since=session.created_at)
    return None


async def _issue_for(tx: Transaction, renewed: Session, before: Session, web: WebSession) -> TicketIssued:
    token = new_token()
    expires_at = tx.now + timedelta(seconds=TICKET_TTL_S)
    ticket = Ticket(
        token_hash=hash_token(token),
        tenant_id=renewed.tenant_id,
        session_id=renewed.id,
        user_id=renewed.user_id,
        web_session_hash=web.token_hash,
        tunnel_hash=web.tunnel_hash,
        expires_at=expires_at,
    )
    await tx.sessions.add_ticket(ticket)
    state = step(SESSION_STEPS, before.state, SessionEvent.TICKET_ISSUED)
    after = msgspec.structs.replace(renewed, state=state, state_since=tx.now)
    won(await tx.sessions.swap_session(before, after))
    takes_over = bool(await tx.sessions.list_open_attachments(session_id=renewed.id))
    await note_session(tx, after, "ticket.issued", address=web.address, detail={"takes_over": str(takes_over).lower()})
    return TicketIssued(ticket=token, expires_at=expires_at, takes_over=takes_over)
