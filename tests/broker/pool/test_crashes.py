"""A kill at every await of opening, logging off and reconciling: the next broker finishes or undoes it."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from broker.model.ids import PoolId
from broker.model.kinds import PoolKind
from broker.session.records import Opened, TicketIssued
from broker.store import SqlStore
from broker.wire.messages import EventKind
from tests.broker.city import City
from tests.broker.pool.consistency import check_at_rest, check_books
from tests.factories import GATEWAY, OWN, SHARED, a_pool
from tests.fakes.mortal import Fuse, Killed, MortalStore
from tests.fakes.providers import ObedientProvider

Deed = Callable[[City, PoolId], Awaitable[None]]
MOST_AWAITS = 400


async def open_and_start(city: City, pool_id: PoolId) -> None:
    await city.sessions.open(city.person(), pool_id)
    await city.reconciler.reconcile_once()
    await city.reconciler.reconcile_once()


async def come_in(city: City, pool_id: PoolId) -> None:
    opened = await city.sessions.open(city.person(), pool_id)
    assert isinstance(opened, Opened)
    issued = await city.sessions.issue_ticket(city.person(), opened.session.id)
    assert isinstance(issued, TicketIssued)
    spec = await city.redeem(issued)
    await city.tell(spec, EventKind.ATTACHED)
    await city.tell(spec, EventKind.DRAWN)


async def log_off_and_clean(city: City, pool_id: PoolId) -> None:
    opened = await city.sessions.open(city.person(), pool_id)
    assert isinstance(opened, Opened)
    await city.sessions.log_off(city.person(), opened.session.id)
    await city.reconciler.reconcile_once()
    await city.reconciler.reconcile_once()


async def lose_and_replace(city: City, pool_id: PoolId) -> None:
    provider = city.providers["local"]
    assert isinstance(provider, ObedientProvider)
    provider.machines.clear()
    for _ in range(3):
        await city.reconciler.reconcile_once()
        city.pass_time(2)


DEEDS: dict[str, Deed] = {
    "open": open_and_start,
    "come in": come_in,
    "log off": log_off_and_clean,
    "lose": lose_and_replace,
}


def holds_kill(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(holds_kill(inner) for inner in error.exceptions)
    return isinstance(error, Killed)


async def die_at(city: City, fuse: Fuse, deed: Deed, pool_id: PoolId, provider: ObedientProvider) -> None:
    """Do the deed with a broker that dies when the fuse burns."""
    provider.before = fuse.tick
    city.restart(MortalStore(city.store, fuse))
    try:
        await deed(city, pool_id)
    except BaseException as error:
        if not holds_kill(error):
            raise
    finally:
        provider.before = lambda name: None
        city.restart()


async def prepare(city: City, deed: str, pool_id: PoolId) -> None:
    """Everybody out, everything at rest; then as much as the deed begins with."""
    async with city.store.read() as tx:
        last = await tx.sessions.get_last_event(GATEWAY, "epoch-1")
    city.event_number = last
    for session in await city.live_sessions():
        await city.sessions.log_off(city.person(), session.id)
    city.pass_time(400)
    await city.settle()
    if deed == "come in":
        await city.open(1, pool_id)
        await city.settle()
    elif deed != "open":
        await city.work(1, pool_id)


@pytest.mark.parametrize("pool_id", [SHARED, OWN])
@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("is_fine", [False, pytest.param(True, marks=[pytest.mark.full, pytest.mark.timeout(900)])])
async def test_a_kill_at_every_await(sqlite_store: SqlStore, is_fine: bool, deed: str, pool_id: PoolId) -> None:
    provider = ObedientProvider()
    city = City(sqlite_store, {"local": provider})
    shared = msgspec.structs.replace(a_pool(), target_ready=0, max_size=2)
    await city.found(shared, a_pool(OWN, PoolKind.PERSISTENT), signed_in_s=10**7)
    for awaits in range(1, MOST_AWAITS):
        await prepare(city, deed, pool_id)
        fuse = Fuse(awaits, is_fine=is_fine)
        await die_at(city, fuse, DEEDS[deed], pool_id, provider)
        await check_books(city)
        for _ in range(3):
            await city.settle()
            city.pass_time(3)
        await check_at_rest(city, provider)
        # Whatever was half done, the person comes in afterwards.
        session = await city.open(1, pool_id)
        await city.settle()
        assert (await city.session(session.id)).desktop_id is not None, f"killed at await {awaits}"
        if not fuse.has_burnt:
            assert awaits > 8
            return
    raise AssertionError(f"more than {MOST_AWAITS} awaits")
