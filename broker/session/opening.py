"""Opening a pool: policy, then a desktop or a place in the queue, in one transaction."""

from broker.lifecycle.session import SessionEvent, SessionState
from broker.model.grants import Grants
from broker.model.ids import PoolId, SessionId, new_id
from broker.model.kinds import PoolKind
from broker.model.records import Pool, Session
from broker.policy.decision import Allow, Deny
from broker.pool.abilities import ability_of
from broker.pool.races import LostRace, write_again
from broker.pool.rules import Ability
from broker.pool.seating import find_desktop, seat
from broker.ports import Transaction
from broker.session.asking_policy import ask_policy, note_denial, read_person
from broker.session.context import SessionContext, note_session, step_session
from broker.session.recording import keep_decision
from broker.session.records import NoSuchPool, Opened, OpenOutcome
from broker.signin.records import Authenticated


async def open_pool(context: SessionContext, auth: Authenticated, pool_id: PoolId) -> OpenOutcome:
    """Open a pool for the signed-in person: the session that is still there, or a new one."""
    outcome = await write_again(context.store, lambda tx: _open(context, tx, auth, pool_id))
    if isinstance(outcome, Opened):
        context.wake()
    return outcome


async def _open(context: SessionContext, tx: Transaction, auth: Authenticated, pool_id: PoolId) -> OpenOutcome:
    user = auth.user
    pool = await tx.pools.get_pool(user.tenant_id, pool_id)
    if pool is None:
        return NoSuchPool()
    asked = await ask_policy(tx, await read_person(tx, user.tenant_id, user.id, auth.session.token_hash), pool)
    await keep_decision(tx, user.id, asked)
    match asked.decision:
        case Deny() as deny:
            return await note_denial(tx, deny, pool, user.id, auth.session.address)
        case Allow(grants):
            return Opened(await _find_or_add(context, tx, auth, pool, grants))


async def _find_or_add(
    context: SessionContext, tx: Transaction, auth: Authenticated, pool: Pool, grants: Grants
) -> Session:
    live = await tx.sessions.get_live_session_of(pool.tenant_id, pool.id, auth.user.id)
    if live is not None:
        return live
    session = Session(
        tenant_id=pool.tenant_id,
        id=SessionId(new_id()),
        pool_id=pool.id,
        user_id=auth.user.id,
        assignment_id=None,
        desktop_id=None,
        state=SessionState.REQUESTED,
        version=1,
        origin=auth.session.origin,
        segment=auth.session.segment,
        device=auth.session.device,
        certificate=auth.session.certificate,
        device_id=auth.session.device_id,
        grants=grants,
        created_at=tx.now,
        state_since=tx.now,
    )
    # Before any desktop is touched: the unique index lets one of two simultaneous opens through.
    if not await tx.sessions.add_session(session):
        raise LostRace("the person's session was opened by another request")
    await note_session(tx, session, "session.opened", address=auth.session.address)
    return await _seat_or_queue(tx, session, pool, ability_of(context.providers, pool))


async def _seat_or_queue(tx: Transaction, session: Session, pool: Pool, ability: Ability) -> Session:
    # Who comes later never passes those who wait already.
    must_queue = pool.kind is PoolKind.FLOATING and bool(await tx.sessions.list_queue(pool.tenant_id, pool.id))
    desktop = None if must_queue else await find_desktop(tx, pool, session.user_id, ability)
    if desktop is not None:
        return await seat(tx, session, desktop)
    queued = await step_session(tx, session, SessionEvent.QUEUED)
    await note_session(tx, queued, "session.queued")
    return queued
