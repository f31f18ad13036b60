"""Steps of a pass that need no provider: the rows alone, each in one transaction."""

from datetime import datetime
from functools import partial

import msgspec

from broker.lifecycle.desktop import DesktopEvent
from broker.model.kinds import PoolKind
from broker.model.reasons import EndReason
from broker.model.records import Assignment, Desktop, Pool
from broker.pool.ending import release
from broker.pool.outcomes import note_lost
from broker.pool.races import write_again
from broker.pool.records import Cut
from broker.pool.rules import Lose, Picture, Retry, Seat, Vacate
from broker.pool.seating import new_desktop, serve_queue
from broker.pool.steps import note_desktop, stepped, swap
from broker.ports import Store, Transaction

_ALL = 1_000_000


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What the books hold of a pool. ``orphans`` are assignments that no live session stands for."""

    desktops: tuple[Desktop, ...]
    assignments: tuple[Assignment, ...]
    orphans: tuple[Assignment, ...]
    queued: int
    now: datetime


async def read_rows(store: Store, pool: Pool) -> Rows:
    """A pool's rows at one moment."""
    async with store.read() as tx:
        desktops = await tx.pools.list_desktops(pool.tenant_id, pool.id)
        assignments = await tx.sessions.list_assignments(pool.tenant_id, pool.id)
        live = await tx.sessions.list_sessions(pool.tenant_id, pool_id=pool.id, limit=_ALL)
        queue = await tx.sessions.list_queue(pool.tenant_id, pool.id)
        held = {session.assignment_id for session in live}
        unreleased = [assignment for assignment in assignments if assignment.released_at is None]
        return Rows(
            desktops=tuple(desktops),
            assignments=tuple(unreleased),
            orphans=tuple(assignment for assignment in unreleased if assignment.id not in held),
            queued=len(queue),
            now=tx.now,
        )


async def heal_seats(store: Store, rows: Rows) -> int:
    """Release seats that nobody's session holds; how many there were."""

    for orphan in rows.orphans:
        await write_again(store, partial(_heal, orphan=orphan))
    return len(rows.orphans)


async def _heal(tx: Transaction, orphan: Assignment) -> None:
    found = await tx.sessions.get_assignment_on(orphan.tenant_id, orphan.desktop_id)
    session = await tx.sessions.get_live_session_on(orphan.tenant_id, orphan.desktop_id)
    if session is None and found is not None and found.id == orphan.id:
        await release(tx, orphan, EndReason.ABANDONED)


async def serve_waiting(store: Store, picture: Picture) -> None:
    """Seat those who wait. A desktop that comes up serves the queue by itself; this is for what was left."""

    async def serve(tx: Transaction) -> None:
        await serve_queue(tx, picture.pool, picture.ability)

    await write_again(store, serve)


async def add_spare(store: Store, pool: Pool) -> Desktop | None:
    """One more absent desktop for a shared pool, or ``None`` when it has its full size."""

    async def add(tx: Transaction) -> Desktop | None:
        if pool.kind is not PoolKind.FLOATING:
            return None
        if await tx.pools.count_desktops(pool.tenant_id, pool.id) >= pool.max_size:
            return None
        desktop = new_desktop(tx, pool, owner_id=None)
        await tx.pools.add_desktop(desktop)
        await note_desktop(tx, desktop, "pool.changed", change="desktop added")
        return desktop

    return await write_again(store, add)


async def carry_out(store: Store, step: Lose | Seat | Vacate | Retry) -> list[Cut]:
    """One step in the books, if the desktop is still as the plan saw it."""

    async def work(tx: Transaction) -> list[Cut]:
        found = await tx.pools.get_desktop(step.desktop.tenant_id, step.desktop.id)
        if found is None or found.version != step.desktop.version:
            return []
        assignment = await tx.sessions.get_assignment_on(found.tenant_id, found.id)
        match step:
            case Lose():
                return await note_lost(tx, found)
            case Seat() if assignment is not None:
                await swap(tx, found, stepped(found, tx.now, DesktopEvent.RESERVED))
            case Vacate() if assignment is None:
                await swap(tx, found, stepped(found, tx.now, DesktopEvent.RELEASED))
                await note_desktop(tx, found, "desktop.repaired", outcome="nobody had the seat")
            case Retry():
                absent = stepped(found, tx.now, DesktopEvent.REPAIR_ORDERED)
                # A shared desktop may start on another host now; a personal one stays where its home is.
                agent_id = None if found.owner_id is None else found.agent_id
                await swap(tx, found, msgspec.structs.replace(absent, fault=None, agent_id=agent_id))
                await note_desktop(tx, found, "desktop.repaired", outcome="retry")
            case _:
                pass
        return []

    return await write_again(store, work)
