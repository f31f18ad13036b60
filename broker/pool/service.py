"""The public face of pools: what the console, the API and the start of the broker call."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import CONNECTED_STATES, KEPT_STATES, SessionState
from broker.model.actor import Actor
from broker.model.ids import DesktopId, PoolId
from broker.model.records import Pool
from broker.model.text import clean_reason
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.pool.applying import apply
from broker.pool.desired import read_desired
from broker.pool.health import ProviderHealth
from broker.pool.races import write_again
from broker.pool.records import (
    DesktopChanged,
    DesktopMoved,
    DesktopRow,
    NoSuchDesktop,
    NoSuchPool,
    PoolChanged,
    PoolSummary,
)
from broker.pool.steps import note, note_desktop, swap
from broker.ports import DesktopProvider, Store, Transaction
from broker.secret import SealingKey
from broker.settings import SiteSettings

_ALL: Final = 1_000_000


class PoolService:
    """Pools and desktops for the IT desk. ``health`` is the reconciler's; without it no provider fault is known."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, DesktopProvider],
        sealing: SealingKey,
        health: ProviderHealth | None = None,
    ) -> None:
        self._store = store
        self._providers = providers
        self._sealing = sealing
        self._health = health or ProviderHealth()

    async def summaries(self, actor: Actor) -> list[PoolSummary] | NotAllowed:
        """The pools of the actor's tenant with their counts."""
        if (refusal := refuse_action(actor.roles, Action.SEE_POOLS)) is not None:
            return refusal
        async with self._store.read() as tx:
            pools = await tx.pools.list_pools(actor.tenant_id)
            desktops = await tx.pools.list_desktops(actor.tenant_id)
            sessions = await tx.sessions.list_sessions(actor.tenant_id, limit=_ALL)
        counts = {pool.id: Counter(str(d.state) for d in desktops if d.pool_id == pool.id) for pool in pools}
        live = Counter(session.pool_id for session in sessions)
        connected = Counter(session.pool_id for session in sessions if session.state in CONNECTED_STATES)
        disconnected = Counter(session.pool_id for session in sessions if session.state in KEPT_STATES)
        queued = Counter(session.pool_id for session in sessions if session.state is SessionState.QUEUED)
        return [
            PoolSummary(
                pool=pool,
                kind=pool.kind,
                counts=dict(counts[pool.id]),
                queued=queued[pool.id],
                live_sessions=live[pool.id],
                connected=connected[pool.id],
                disconnected=disconnected[pool.id],
                provider_fault=self._health.fault_of(pool),
            )
            for pool in pools
        ]

    async def desktops(self, actor: Actor, pool_id: PoolId) -> list[DesktopRow] | NoSuchPool | NotAllowed:
        """The desktops of one pool with the people on them."""
        if (refusal := refuse_action(actor.roles, Action.SEE_POOLS)) is not None:
            return refusal
        async with self._store.read() as tx:
            if await tx.pools.get_pool(actor.tenant_id, pool_id) is None:
                return NoSuchPool()
            seats = {seat.desktop_id: seat for seat in await tx.sessions.list_assignments(actor.tenant_id, pool_id)}
            rows: list[DesktopRow] = []
            for desktop in await tx.pools.list_desktops(actor.tenant_id, pool_id):
                assignment = seats.get(desktop.id)
                user_id = desktop.owner_id if assignment is None else assignment.user_id
                user = None if user_id is None else await tx.people.get_user(actor.tenant_id, user_id)
                rows.append(DesktopRow(desktop=desktop, assignment=assignment, user=user))
        return rows

    async def set_open(
        self, actor: Actor, pool_id: PoolId, is_open: bool, reason: str
    ) -> PoolChanged | NoSuchPool | NotAllowed:
        """Open or close a pool for new tunnels. ``reason`` goes into the audit."""
        if (refusal := refuse_action(actor.roles, Action.CHANGE_POOLS)) is not None:
            return refusal

        async def work(tx: Transaction) -> PoolChanged | NoSuchPool:
            # The whole row is written: rules that change at the same time must not be written back.
            await tx.changes.hold_rules(actor.tenant_id)
            pool = await tx.pools.get_pool(actor.tenant_id, pool_id)
            if pool is None:
                return NoSuchPool()
            if pool.is_open == is_open:
                return PoolChanged(pool)
            changed = msgspec.structs.replace(pool, is_open=is_open)
            await tx.pools.put_pool(changed)
            await _note_pool(tx, actor, changed, reason)
            return PoolChanged(changed)

        return await write_again(self._store, work)

    async def repair(
        self, actor: Actor, desktop_id: DesktopId
    ) -> DesktopChanged | DesktopMoved | NoSuchDesktop | NotAllowed:
        """Take a faulty desktop back into service now: the reconciler cleans it and starts it again."""
        if (refusal := refuse_action(actor.roles, Action.CHANGE_POOLS)) is not None:
            return refusal

        async def work(tx: Transaction) -> DesktopChanged | DesktopMoved | NoSuchDesktop:
            desktop = await tx.pools.get_desktop(actor.tenant_id, desktop_id)
            if desktop is None:
                return NoSuchDesktop()
            if desktop.state is not DesktopState.FAULTY:
                return DesktopMoved(desktop.state)
            ordered = await swap(tx, desktop, msgspec.structs.replace(desktop, failures=0, state_until=tx.now))
            await note_desktop(tx, desktop, "desktop.repaired", actor=actor.name, outcome="ordered")
            return DesktopChanged(ordered)

        return await write_again(self._store, work)

    async def apply_site(self, settings: SiteSettings) -> int:
        """Bring tenants, zones, pools and registered hosts to what the settings say; how many rows changed.

        Raises :class:`broker.errors.ConfigurationError` before anything is written.
        """
        return await apply(self._store, self._sealing, read_desired(settings, self._providers))


async def _note_pool(tx: Transaction, actor: Actor, pool: Pool, reason: str) -> None:
    event = "pool.opened" if pool.is_open else "pool.closed"
    subject = f"pool:{pool.id}"
    detail = {"reason": clean_reason(reason)}
    await note(tx, pool.tenant_id, event, subject, actor=actor.name, address=actor.address, detail=detail)
