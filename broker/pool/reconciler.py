"""Brings what is observed and what is desired together, pool by pool, again and again.

A pass over a pool reads its rows, asks its provider what runs, and plans (:mod:`broker.pool.rules`). Steps in
the books happen at once; provider calls run beside the pass, one at a time per desktop, each with its own
deadline. Nothing is remembered that a restart could lose: an order is in the rows before a provider hears of
it, and a pass finds what an earlier broker left half done.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec

from broker.errors import StoreError
from broker.model.ids import DesktopId, PoolId, TenantId
from broker.model.records import Desktop, Pool
from broker.pool.abilities import ability_of
from broker.pool.asking import ask
from broker.pool.book_work import add_spare, carry_out, heal_seats, read_rows, serve_waiting
from broker.pool.health import ProviderHealth
from broker.pool.provider_work import SessionsOfPools, Workshop, clean, drain, start, stop_stray
from broker.pool.rules import (
    Clean,
    Drain,
    Lose,
    Make,
    Picture,
    Retry,
    Seat,
    Start,
    Step,
    StopStray,
    Vacate,
    plan,
    should_run,
)
from broker.ports import DesktopProvider, ProviderFailure, Store
from broker.secret import SealingKey
from broker.settings import ReconcileSettings

logger: Final = logging.getLogger(__name__)
_OBSERVE_DEADLINE_S: Final = 40.0
"""For a provider that does not keep a deadline of its own."""


class Reconciler:
    """Keeps every pool as its settings promise. One per broker; :meth:`run` is its task."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, DesktopProvider],
        sealing: SealingKey,
        settings: ReconcileSettings,
        sessions: SessionsOfPools,
        health: ProviderHealth | None = None,
    ) -> None:
        self._shop = Workshop(store, providers, sealing, settings, sessions, health or ProviderHealth())
        self._busy: set[DesktopId] = set()
        self._passing: set[tuple[TenantId, PoolId]] = set()
        self._is_expiring = False
        self._woken = asyncio.Event()

    @property
    def health(self) -> ProviderHealth:
        """The faults of providers, for the console."""
        return self._shop.health

    def wake(self) -> None:
        """Something changed: the next round begins now."""
        self._woken.set()

    async def run(self) -> None:
        """Rounds without end, every ``interval_s`` seconds or when woken. Ends by cancellation."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                await self._guard("round", partial(self._round, group))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._shop.settings.interval_s):
                        await self._woken.wait()

    async def reconcile_once(self) -> None:
        """One round, with all the provider calls that it brings about."""
        async with asyncio.TaskGroup() as group:
            await self._round(group)

    async def _round(self, group: asyncio.TaskGroup) -> None:
        if not self._is_expiring:
            self._is_expiring = True
            group.create_task(self._guard("expiry", self._expire))
        async with self._shop.store.read() as tx:
            tenants = list(await tx.policy.list_epochs())
        for tenant_id in tenants:
            await self._guard(f"tenant {tenant_id}", partial(self._begin_passes, group, tenant_id))

    async def _begin_passes(self, group: asyncio.TaskGroup, tenant_id: TenantId) -> None:
        async with self._shop.store.read() as tx:
            pools = await tx.pools.list_pools(tenant_id)
        for pool in pools:
            key = (pool.tenant_id, pool.id)
            if key not in self._passing:
                self._passing.add(key)
                group.create_task(self._guard(f"pool {pool.id}", partial(self._pass, group, pool)))

    async def _guard(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """The outermost edge of every task: its fault is logged and costs the others nothing."""
        try:
            await work()
        except StoreError as error:
            logger.warning("reconcile: %s put off: %s", name, error)
        except Exception:
            logger.exception("reconcile: %s failed", name)

    async def _expire(self) -> None:
        try:
            await self._shop.sessions.expire()
        finally:
            self._is_expiring = False

    async def _pass(self, group: asyncio.TaskGroup, pool: Pool) -> None:
        try:
            if pool.provider not in self._shop.providers:
                self.health.of(pool).observing.fault = f"there is no provider {pool.provider}"
                return
            picture = await self._look(pool)
            await self._act(group, picture)
        finally:
            self._passing.discard((pool.tenant_id, pool.id))

    async def _look(self, pool: Pool) -> Picture:
        """The pool's rows, healed, with what its provider runs; without, while the provider is in back-off."""
        rows = await read_rows(self._shop.store, pool)
        if await heal_seats(self._shop.store, rows):
            rows = await read_rows(self._shop.store, pool)
        health = self.health.of(pool)
        picture = Picture(
            pool=pool,
            ability=ability_of(self._shop.providers, pool),
            desktops=rows.desktops,
            seated=frozenset(assignment.desktop_id for assignment in rows.assignments),
            queued=rows.queued,
            running=None,
            missing_since={},
            busy=frozenset(self._busy),
            may_start=not health.starting.holds(rows.now),
            now=rows.now,
        )
        if health.observing.holds(rows.now):
            return picture
        return await self._observe(pool, picture)

    async def _observe(self, pool: Pool, picture: Picture) -> Picture:
        health = self.health.of(pool)
        provider = self._shop.providers[pool.provider]
        answer = await ask(provider.observe(pool, picture.desktops), _OBSERVE_DEADLINE_S)
        if isinstance(answer, ProviderFailure):
            health.observing.note_failure(answer.fault, picture.now)
            return picture
        health.observing.note_success()
        expected = [desktop.id for desktop in picture.desktops if should_run(desktop)]
        missing = health.note_observed(expected, answer.running, picture.now)
        return msgspec.structs.replace(
            picture, running=answer.running, missing_since=missing, busy=picture.busy | self._busy
        )

    async def _act(self, group: asyncio.TaskGroup, picture: Picture) -> None:
        if picture.queued:
            await serve_waiting(self._shop.store, picture)
        for step in plan(picture):
            match step:
                case Lose() | Seat() | Vacate() | Retry():
                    await self._shop.sessions.cut(await carry_out(self._shop.store, step))
                    self.wake()
                case _ if picture.running is not None:
                    await self._ask_provider(group, picture.pool, step)
                case _:
                    pass  # the provider is in back-off

    async def _ask_provider(self, group: asyncio.TaskGroup, pool: Pool, step: Step) -> None:
        match step:
            case Make():
                if (made := await add_spare(self._shop.store, pool)) is not None:
                    self._spawn(group, made, partial(start, self._shop, pool, made))
            case Start(desktop):
                self._spawn(group, desktop, partial(start, self._shop, pool, desktop))
            case Clean(desktop):
                self._spawn(group, desktop, partial(clean, self._shop, pool, desktop))
            case Drain(desktop):
                self._spawn(group, desktop, partial(drain, self._shop, pool, desktop))
            case StopStray(desktop):
                # It may be a provider that lies: no wake afterwards, or the two would chase each other.
                self._spawn(group, desktop, partial(stop_stray, self._shop, pool, desktop), wakes=False)
            case _:
                pass

    def _spawn(
        self, group: asyncio.TaskGroup, desktop: Desktop, work: Callable[[], Awaitable[None]], *, wakes: bool = True
    ) -> None:
        """Run one desktop's provider call beside the pass."""
        self._busy.add(desktop.id)

        async def watched() -> None:
            try:
                await self._guard(f"desktop {desktop.id}", work)
            finally:
                self._busy.discard(desktop.id)
                if wakes:
                    self.wake()

        group.create_task(watched())
