"""Disconnect, log-off, termination, and the limits of time."""

from collections.abc import Collection
from functools import partial

from broker.apart import apart
from broker.lifecycle.session import SESSION_STEPS, SessionEvent
from broker.lifecycle.step import may_step
from broker.model.actor import Actor
from broker.model.ids import SessionId, TenantId, UserId
from broker.model.reasons import EndReason
from broker.model.records import Pool, Session
from broker.model.text import clean_reason
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.pool.abilities import ability_of
from broker.pool.ending import End, close_attachments, end_session
from broker.pool.races import write_again
from broker.pool.records import Cut
from broker.pool.steps import user_actor
from broker.ports import Transaction
from broker.session.context import SessionContext, note_session, step_session
from broker.session.records import Disconnected, Ended, NoSuchSession
from broker.session.rules import Expire, Holding, LetGo, expiry_of, is_live
from broker.signin.records import Authenticated

_ALL = 1_000_000


async def disconnect(
    context: SessionContext, auth: Authenticated, session_id: SessionId
) -> tuple[Disconnected | NoSuchSession, list[Cut]]:
    """End the tunnel of the person's own session; the work stays."""

    async def work(tx: Transaction) -> tuple[Disconnected | NoSuchSession, list[Cut]]:
        session = await _own(tx, auth, session_id)
        if session is None:
            return NoSuchSession(), []
        return Disconnected(session.id), await hang_up(tx, session, EndReason.CLIENT_CLOSED)

    return await write_again(context.store, work)


async def log_off(
    context: SessionContext, auth: Authenticated, session_id: SessionId
) -> tuple[Ended | NoSuchSession, list[Cut]]:
    """End the person's own session; its desktop is cleaned by the reconciler. Asked twice, it answers the same."""

    async def work(tx: Transaction) -> tuple[Ended | NoSuchSession, list[Cut]]:
        session = await _own(tx, auth, session_id)
        if session is None:
            return NoSuchSession(), []
        end = End(reason=EndReason.LOGGED_OFF, actor=user_actor(session.user_id), address=auth.session.address)
        return await _end(context, tx, session, end)

    return await write_again(context.store, work)


async def terminate(
    context: SessionContext, actor: Actor, session_id: SessionId, note: str
) -> tuple[Ended | NoSuchSession | NotAllowed, list[Cut]]:
    """End anybody's session of the actor's tenant. ``note`` is the actor's reason, kept in the audit."""
    if (refusal := refuse_action(actor.roles, Action.TERMINATE_SESSION)) is not None:
        return refusal, []

    async def work(tx: Transaction) -> tuple[Ended | NoSuchSession, list[Cut]]:
        session = await tx.sessions.get_session(actor.tenant_id, session_id)
        if session is None:
            return NoSuchSession(), []
        end = End(
            reason=EndReason.TERMINATED,
            event="session.terminated",
            actor=actor.name,
            address=actor.address,
            detail={"note": clean_reason(note)},
        )
        return await _end(context, tx, session, end)

    return await write_again(context.store, work)


async def end_all_of(context: SessionContext, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> list[Cut]:
    """End every live session of a person."""

    async def work(tx: Transaction) -> list[Cut]:
        sessions = await tx.sessions.list_sessions(tenant_id, user_id=user_id, limit=_ALL)
        return [cut for session in sessions for cut in await end_session(tx, session, End(reason=reason))]

    return await write_again(context.store, work)


async def disconnect_all_of(
    context: SessionContext, tenant_id: TenantId, user_id: UserId, reason: EndReason
) -> list[Cut]:
    """End every tunnel of a person; the work stays."""

    async def work(tx: Transaction) -> list[Cut]:
        sessions = await tx.sessions.list_sessions(tenant_id, user_id=user_id, limit=_ALL)
        return [cut for session in sessions for cut in await hang_up(tx, session, reason)]

    return await write_again(context.store, work)


async def expire(context: SessionContext) -> list[Cut]:
    """End what has outlived its limits: disconnected sessions, abandoned tickets and queues, absolute limits. A fault
    in one tenant is its own."""
    cuts: list[Cut] = []
    async with context.store.read() as tx:
        tenants = await tx.policy.list_epochs()
        attached = {attachment.session_id for attachment in await tx.sessions.list_open_attachments()}
    for tenant_id in tenants:
        await apart(tenant_id, partial(_expire_in, context, tenant_id, attached, cuts))
    return cuts


async def _expire_in(
    context: SessionContext, tenant_id: TenantId, attached: Collection[SessionId], cuts: list[Cut]
) -> None:
    async with context.store.read() as tx:
        due = await _due(tx, tenant_id, attached)
    for session in due:
        cuts += await write_again(context.store, partial(_expire_one, due=session))


async def _due(tx: Transaction, tenant_id: TenantId, attached: Collection[SessionId]) -> list[Session]:
    pools = {pool.id: pool for pool in await tx.pools.list_pools(tenant_id)}
    desktops = {desktop.id: desktop for desktop in await tx.pools.list_desktops(tenant_id)}
    due: list[Session] = []
    for session in await tx.sessions.list_sessions(tenant_id, limit=_ALL):
        desktop = None if session.desktop_id is None else desktops.get(session.desktop_id)
        holding = Holding(pool=pools[session.pool_id], desktop=desktop, is_attached=session.id in attached)
        if expiry_of(session, holding, tx.now) is not None:
            due.append(session)
    return due


async def _expire_one(tx: Transaction, due: Session) -> list[Cut]:
    """Asked again on fresh rows: the person may just have come back."""
    session = await tx.sessions.get_session(due.tenant_id, due.id)
    pool = await tx.pools.get_pool(due.tenant_id, due.pool_id)
    if session is None or pool is None or not is_live(session):
        return []
    match expiry_of(session, await _holding(tx, session, pool), tx.now):
        case Expire(reason, has_failed):
            return await end_session(tx, session, End(reason=reason, has_failed=has_failed))
        case LetGo():
            await step_session(tx, session, SessionEvent.DETACHED)
            detail = {"reason": str(EndReason.ABANDONED)}
            await note_session(tx, session, "session.detached", outcome="presumed", detail=detail)
        case None:
            pass
    return []


async def _holding(tx: Transaction, session: Session, pool: Pool) -> Holding:
    desktop = None
    if session.desktop_id is not None:
        desktop = await tx.pools.get_desktop(session.tenant_id, session.desktop_id)
    attached = await tx.sessions.list_open_attachments(session_id=session.id)
    return Holding(pool=pool, desktop=desktop, is_attached=bool(attached))


async def _own(tx: Transaction, auth: Authenticated, session_id: SessionId) -> Session | None:
    session = await tx.sessions.get_session(auth.user.tenant_id, session_id)
    return session if session is not None and session.user_id == auth.user.id else None


async def _end(context: SessionContext, tx: Transaction, session: Session, end: End) -> tuple[Ended, list[Cut]]:
    pool = await tx.pools.get_pool(session.tenant_id, session.pool_id)
    goes_on = pool is not None and session.desktop_id is not None and not ability_of(context.providers, pool).logs_off
    ended = Ended(session_id=session.id, work_goes_on_until_limit=goes_on)
    return ended, await end_session(tx, session, end) if is_live(session) else []


async def hang_up(tx: Transaction, session: Session, reason: EndReason) -> list[Cut]:
    """End the tunnels of a session; the work stays."""
    if not is_live(session):
        return []
    cuts = await close_attachments(tx, session, reason)
    if may_step(SESSION_STEPS, session.state, SessionEvent.DETACHED):
        await step_session(tx, session, SessionEvent.DETACHED)
    for cut in cuts:
        detail = {"attachment": cut.attachment.id, "reason": str(reason)}
        await note_session(tx, session, "session.detached", address=cut.attachment.address, detail=detail)
    return cuts
