"""Provider calls between two compare-and-swaps. Each may be asked again after a crash at any line.

A shared (floating) desktop is wiped before every start, whatever the books believe about it: so a desktop
that was declared lost by mistake, or whose clean-up failed, never shows one person's work to another.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

import msgspec

from broker.lifecycle.desktop import DesktopEvent, DesktopState
from broker.model.kinds import PoolKind
from broker.model.records import Desktop, Pool, Zone
from broker.pool.abilities import ability_of
from broker.pool.asking import ask
from broker.pool.credentials import open_credential, seal_credential
from broker.pool.health import ProviderHealth
from broker.pool.outcomes import note_at_rest, note_failure, note_up
from broker.pool.races import write_again
from broker.pool.records import Cut
from broker.pool.steps import stepped, swap
from broker.ports import (
    DesktopDown,
    DesktopProvider,
    DesktopUp,
    LogsOff,
    MakesCredentials,
    ProviderFailure,
    StartOrder,
    Store,
    Transaction,
)
from broker.secret import SealingKey
from broker.settings import ReconcileSettings

_MAX_CALLS: Final = 4
"""Calls of one provider that may be under way at a time."""


class SessionsOfPools(Protocol):
    """What pools ask of sessions."""

    async def expire(self) -> None: ...

    async def cut(self, cuts: Sequence[Cut]) -> None:
        """Tell the gateways to end attachments that the books have closed."""
        ...


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the work on desktops stands on."""

    store: Store
    providers: Mapping[str, DesktopProvider]
    sealing: SealingKey
    settings: ReconcileSettings
    sessions: SessionsOfPools
    health: ProviderHealth = field(default_factory=ProviderHealth)
    slots: dict[str, asyncio.Semaphore] = field(default_factory=dict[str, asyncio.Semaphore])


async def start(shop: Workshop, pool: Pool, desktop: Desktop) -> None:
    """Order the start in the books, ask the provider, write down what came of it."""
    ordered = await write_again(shop.store, lambda tx: _order_start(shop, tx, pool, desktop))
    if ordered is None:
        return
    starting, zone = ordered
    answer = await _ask_start(shop, pool, zone, starting)
    await _settle_start(shop, pool, starting, answer)


async def clean(shop: Workshop, pool: Pool, desktop: Desktop) -> None:
    """End what the last person left; then it is at rest, or a registered host is probed and ready again."""
    ability = ability_of(shop.providers, pool)
    deadline_s = shop.settings.reset_deadline_s
    if ability.logs_off:
        answer = await _ask_log_off(shop, pool, desktop, deadline_s)
        if isinstance(answer, ProviderFailure) or ability.makes:
            await _settle_down(shop, desktop, answer)
            return
    async with shop.store.read() as tx:
        zone = await tx.pools.get_zone(pool.tenant_id, pool.zone_id)
    probed = await _ask_start(shop, pool, zone, desktop)
    await _settle_start(shop, pool, desktop, probed)


async def drain(shop: Workshop, pool: Pool, desktop: Desktop) -> None:
    """Bring an unneeded desktop to rest."""

    async def order(tx: Transaction) -> Desktop | None:
        found = await _unchanged(tx, desktop)
        if found is None or found.state is DesktopState.DRAINING:
            return found
        return await swap(tx, found, stepped(found, tx.now, DesktopEvent.DRAIN_ORDERED))

    draining = await write_again(shop.store, order)
    if draining is not None:
        await _settle_down(shop, draining, await _ask_stop(shop, pool, draining))


async def stop_stray(shop: Workshop, pool: Pool, desktop: Desktop) -> None:
    """End a desktop that the provider still runs although the books have it at rest."""
    async with shop.store.read() as tx:
        found = await _unchanged(tx, desktop)
    if found is not None:
        await _ask_stop(shop, pool, found)


async def _unchanged(tx: Transaction, desktop: Desktop) -> Desktop | None:
    """The desktop if nobody changed it since the picture that led here."""
    found = await tx.pools.get_desktop(desktop.tenant_id, desktop.id)
    return found if found is not None and found.version == desktop.version else None


async def _order_start(
    shop: Workshop, tx: Transaction, pool: Pool, desktop: Desktop
) -> tuple[Desktop, Zone | None] | None:
    found = await _unchanged(tx, desktop)
    if found is None:
        return None
    zone = await tx.pools.get_zone(pool.tenant_id, pool.zone_id)
    if found.state is DesktopState.STARTING:
        return found, zone
    return await swap(tx, found, _ordered(shop, tx, pool, found)), zone


def _ordered(shop: Workshop, tx: Transaction, pool: Pool, desktop: Desktop) -> Desktop:
    """The desktop with its start ordered. The credential is in the row before any provider hears of it."""
    after = stepped(desktop, tx.now, DesktopEvent.START_ORDERED)
    provider = shop.providers[pool.provider]
    credential = desktop.credential
    if isinstance(provider, MakesCredentials):
        made = provider.new_credential(pool, desktop.id)
        credential = seal_credential(shop.sealing, desktop.tenant_id, desktop.id, made)
    until = tx.now + timedelta(seconds=shop.settings.start_deadline_s)
    return msgspec.structs.replace(after, credential=credential, state_until=until)


async def _ask_start(shop: Workshop, pool: Pool, zone: Zone | None, desktop: Desktop) -> DesktopUp | ProviderFailure:
    if zone is None:
        return ProviderFailure(f"the pool's zone {pool.zone_id} does not exist", is_transient=False)
    ability = ability_of(shop.providers, pool)
    if ability.makes and ability.logs_off:
        down = await _ask_log_off(shop, pool, desktop, shop.settings.start_deadline_s)
        if isinstance(down, ProviderFailure):
            return down
    order = StartOrder(
        pool=pool,
        zone=zone,
        desktop=desktop,
        credential=open_credential(shop.sealing, desktop),
        home_key=str(desktop.id) if pool.kind is PoolKind.PERSISTENT else None,
    )
    async with _slot(shop, pool):
        return await ask(shop.providers[pool.provider].start(order), shop.settings.start_deadline_s)


async def _ask_log_off(
    shop: Workshop, pool: Pool, desktop: Desktop, deadline_s: float
) -> DesktopDown | ProviderFailure:
    provider = shop.providers[pool.provider]
    if not isinstance(provider, LogsOff):
        return ProviderFailure("the provider can't log off", is_transient=False)
    async with _slot(shop, pool):
        return await ask(provider.log_off(pool, desktop, wipe=pool.kind is PoolKind.FLOATING), deadline_s)


async def _ask_stop(shop: Workshop, pool: Pool, desktop: Desktop) -> DesktopDown | ProviderFailure:
    """By log-off where there is one: it knows which homes are kept."""
    if ability_of(shop.providers, pool).logs_off:
        return await _ask_log_off(shop, pool, desktop, shop.settings.reset_deadline_s)
    async with _slot(shop, pool):
        return await ask(shop.providers[pool.provider].stop(pool, desktop), shop.settings.reset_deadline_s)


async def _settle_start(shop: Workshop, pool: Pool, desktop: Desktop, answer: DesktopUp | ProviderFailure) -> None:
    match answer:
        case DesktopUp():
            ability = ability_of(shop.providers, pool)

            async def up(tx: Transaction) -> None:
                if (found := await _unchanged(tx, desktop)) is not None:
                    await note_up(tx, pool, ability, found, answer)

            await write_again(shop.store, up)
            shop.health.of(pool).starting.note_success()
        case ProviderFailure():
            await _settle_failure(shop, desktop, answer)
            async with shop.store.read() as tx:
                shop.health.of(pool).starting.note_failure(answer.fault, tx.now)


async def _settle_down(shop: Workshop, desktop: Desktop, answer: DesktopDown | ProviderFailure) -> None:
    match answer:
        case DesktopDown():

            async def down(tx: Transaction) -> None:
                if (found := await _unchanged(tx, desktop)) is not None:
                    await note_at_rest(tx, found)

            await write_again(shop.store, down)
        case ProviderFailure():
            await _settle_failure(shop, desktop, answer)


async def _settle_failure(shop: Workshop, desktop: Desktop, failure: ProviderFailure) -> None:
    async def fail(tx: Transaction) -> list[Cut]:
        found = await _unchanged(tx, desktop)
        return [] if found is None else await note_failure(tx, found, failure)

    await shop.sessions.cut(await write_again(shop.store, fail))


@asynccontextmanager
async def _slot(shop: Workshop, pool: Pool) -> AsyncGenerator[None, None]:
    """At most so many calls of one provider at a time."""
    async with shop.slots.setdefault(pool.provider, asyncio.Semaphore(_MAX_CALLS)):
        yield
