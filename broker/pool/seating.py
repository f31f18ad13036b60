"""Who gets which desktop, inside the caller's transaction."""

import msgspec

from broker.lifecycle.desktop import DesktopEvent, DesktopState
from broker.lifecycle.session import SESSION_STEPS, SessionEvent, SessionState
from broker.lifecycle.step import step
from broker.model.ids import AssignmentId, DesktopId, UserId, new_id
from broker.model.kinds import PoolKind
from broker.model.records import Assignment, Desktop, Pool, Session
from broker.pool.races import LostRace, won
from broker.pool.rules import Ability
from broker.pool.steps import note, note_assignment, note_desktop, stepped, swap, user_actor
from broker.ports import Transaction

_FREE_HOSTS = (DesktopState.READY, DesktopState.ABSENT, DesktopState.STARTING)


async def find_desktop(tx: Transaction, pool: Pool, user_id: UserId, ability: Ability) -> Desktop | None:
    """A desktop for this person, reserved where it is up; ``None``: the person has to queue."""
    if pool.kind is PoolKind.FLOATING:
        return await tx.pools.reserve_ready(pool.tenant_id, pool.id)
    own = await tx.pools.find_owned_desktop(pool.tenant_id, pool.id, user_id)
    if own is None:
        own = await (_make_own(tx, pool, user_id) if ability.makes else _take_host(tx, pool, user_id))
    if own is None:
        return None
    if own.state is DesktopState.READY:
        return await swap(tx, own, stepped(own, tx.now, DesktopEvent.RESERVED))
    if own.state is DesktopState.FAULTY and own.state_until != tx.now:
        # The owner asks for it now: the next attempt does not wait for its back-off.
        return await swap(tx, own, msgspec.structs.replace(own, state_until=tx.now))
    return own


async def seat(tx: Transaction, session: Session, desktop: Desktop) -> Session:
    """Give the desktop to the person of the session. Raises :class:`LostRace` when somebody has it."""
    assignment = Assignment(
        tenant_id=session.tenant_id,
        id=AssignmentId(new_id()),
        pool_id=session.pool_id,
        desktop_id=desktop.id,
        user_id=session.user_id,
        seat=1,
        created_at=tx.now,
    )
    if not await tx.sessions.add_assignment(assignment):
        raise LostRace("the seat, or the person's place in the pool, is taken")
    state = session.state
    if state is SessionState.QUEUED:
        state = step(SESSION_STEPS, state, SessionEvent.ASSIGNED)
    seated = msgspec.structs.replace(
        session, assignment_id=assignment.id, desktop_id=desktop.id, state=state, state_since=tx.now
    )
    stored = won(await tx.sessions.swap_session(session, seated))
    await note_assignment(tx, assignment, "assignment.made")
    detail = {"pool": session.pool_id, "desktop": desktop.id}
    await note(
        tx,
        session.tenant_id,
        "session.assigned",
        f"session:{session.id}",
        actor=user_actor(session.user_id),
        detail=detail,
    )
    return stored


async def serve_queue(tx: Transaction, pool: Pool, ability: Ability) -> int:
    """Seat those who wait, the longest wait first, while there are desktops; how many got one."""
    served = 0
    for waiting in await tx.sessions.list_queue(pool.tenant_id, pool.id):
        desktop = await find_desktop(tx, pool, waiting.user_id, ability)
        if desktop is None and pool.kind is PoolKind.FLOATING:
            break
        if desktop is not None:
            await seat(tx, waiting, desktop)
            served += 1
    return served


async def _make_own(tx: Transaction, pool: Pool, user_id: UserId) -> Desktop | None:
    if await tx.pools.count_desktops(pool.tenant_id, pool.id) >= pool.max_size:
        return None
    desktop = new_desktop(tx, pool, owner_id=user_id)
    await tx.pools.add_desktop(desktop)
    await note_desktop(tx, desktop, "pool.changed", change="desktop added")
    return desktop


async def _take_host(tx: Transaction, pool: Pool, user_id: UserId) -> Desktop | None:
    """A registered host becomes the person's own; one that is ready is preferred."""
    free = [
        desktop
        for desktop in await tx.pools.list_desktops(pool.tenant_id, pool.id)
        if desktop.owner_id is None and desktop.state in _FREE_HOSTS
    ]
    for desktop in sorted(free, key=lambda desktop: (_FREE_HOSTS.index(desktop.state), desktop.name)):
        if await tx.sessions.get_assignment_on(pool.tenant_id, desktop.id) is None:
            return await swap(tx, desktop, msgspec.structs.replace(desktop, owner_id=user_id))
    return None


def new_desktop(tx: Transaction, pool: Pool, *, owner_id: UserId | None) -> Desktop:
    """An absent desktop for this pool, not yet stored."""
    desktop_id = DesktopId(new_id())
    return Desktop(
        tenant_id=pool.tenant_id,
        id=desktop_id,
        pool_id=pool.id,
        name=f"{pool.id}-{desktop_id[:6]}",
        state=DesktopState.ABSENT,
        version=1,
        owner_id=owner_id,
        state_since=tx.now,
    )
