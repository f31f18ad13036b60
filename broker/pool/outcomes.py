"""What a provider's answer does to the books. Each is one transaction, decided by compare-and-swap."""

import msgspec

from broker.lifecycle.desktop import DesktopEvent, DesktopState
from broker.model.kinds import PoolKind
from broker.model.reasons import EndReason
from broker.model.records import Desktop, Pool
from broker.pool.ending import End, end_session
from broker.pool.records import Cut
from broker.pool.rules import Ability
from broker.pool.seating import serve_queue
from broker.pool.setbacks import after_failure, after_loss
from broker.pool.steps import note_desktop, stepped, swap
from broker.ports import DesktopUp, ProviderFailure, Transaction


async def note_up(tx: Transaction, pool: Pool, ability: Ability, desktop: Desktop, answer: DesktopUp) -> None:
    """It runs and is clean: for the person who has the seat, else for the queue, else as a spare."""
    is_start = desktop.state is DesktopState.STARTING
    events = [DesktopEvent.CAME_UP if is_start else DesktopEvent.CAME_CLEAN]
    if await tx.sessions.get_assignment_on(desktop.tenant_id, desktop.id) is not None:
        events.append(DesktopEvent.RESERVED)
    up = stepped(desktop, tx.now, *events)
    await swap(tx, desktop, msgspec.structs.replace(up, endpoint=answer.endpoint, agent_id=answer.agent_id, fault=None))
    await note_desktop(tx, desktop, "desktop.started" if is_start else "desktop.reset")
    if pool.kind is PoolKind.FLOATING or not ability.makes:
        await serve_queue(tx, pool, ability)


async def note_at_rest(tx: Transaction, desktop: Desktop) -> None:
    """It was ended on purpose."""
    is_reset = desktop.state is DesktopState.RESETTING
    event = DesktopEvent.CAME_TO_REST if is_reset else DesktopEvent.DRAINED
    await swap(tx, desktop, msgspec.structs.replace(stepped(desktop, tx.now, event), fault=None))
    if is_reset:
        await note_desktop(tx, desktop, "desktop.reset")


async def note_failure(tx: Transaction, desktop: Desktop, failure: ProviderFailure) -> list[Cut]:
    """Count the failure; when it sets the desktop aside, the person who waits for it is told."""
    after = await swap(tx, desktop, after_failure(desktop, failure, tx.now))
    await note_desktop(tx, after, "desktop.failed", outcome="failed", fault=failure.fault, state=str(after.state))
    if after.state is not DesktopState.FAULTY:
        return []
    return await _end_session_on(tx, after, End(reason=EndReason.DESKTOP_FAILED, has_failed=True))


async def note_lost(tx: Transaction, desktop: Desktop) -> list[Cut]:
    """The provider no longer has it: its session is over."""
    after = await swap(tx, desktop, after_loss(desktop, tx.now))
    await note_desktop(tx, after, "desktop.lost", outcome="failed", state=str(after.state))
    return await _end_session_on(tx, after, End(reason=EndReason.DESKTOP_LOST))


async def _end_session_on(tx: Transaction, desktop: Desktop, end: End) -> list[Cut]:
    session = await tx.sessions.get_live_session_on(desktop.tenant_id, desktop.id)
    return [] if session is None else await end_session(tx, session, end)
