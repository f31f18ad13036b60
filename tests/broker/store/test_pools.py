"""Desktops: compare-and-swap, and a reservation that never gives one to two people."""

import asyncio
from collections import Counter

import msgspec
import pytest

from broker.errors import StoreError
from broker.lifecycle.desktop import DesktopState
from broker.model.ids import PoolId, UserId
from broker.model.records import Desktop
from broker.store import SqlStore
from tests.broker.store.rows import CITY, LGWAN, OFFICE, TOWN, a_desktop, a_pool, a_user, an_assignment, fill, put_city


async def _reserve(store: SqlStore, number: int) -> Desktop | None:
    """What opening does: reserve, and hold the desktop by an assignment, in one transaction."""
    async with store.write() as tx:
        desktop = await tx.pools.reserve_ready(CITY, OFFICE)
        if desktop is not None:
            assert await tx.sessions.add_assignment(an_assignment(desktop, a_user(number).id))
        return desktop


@pytest.mark.parametrize("desktops", [200, 50])
async def test_200_people_at_once_never_share_a_desktop(store: SqlStore, desktops: int) -> None:
    await fill(store, users=200, desktops=desktops)
    reserved = await asyncio.gather(*(_reserve(store, number) for number in range(1, 201)))
    given = Counter(desktop.id for desktop in reserved if desktop is not None)
    assert len(given) == desktops
    assert set(given.values()) == {1}
    async with store.read() as tx:
        rows = await tx.pools.list_desktops(CITY, OFFICE)
        assert {row.state for row in rows} == {DesktopState.RESERVED}
        assert {row.version for row in rows} == {2}
        assert len(await tx.sessions.list_assignments(CITY, OFFICE)) == desktops


async def test_a_reservation_starts_at_a_random_desktop(store: SqlStore) -> None:
    await fill(store, desktops=30)
    first: set[str] = set()
    for _ in range(12):
        with pytest.raises(LookupError):
            async with store.write() as tx:
                desktop = await tx.pools.reserve_ready(CITY, OFFICE)
                assert desktop is not None
                first.add(desktop.id)
                raise LookupError("taken back")
    assert len(first) > 1


async def test_only_ready_ownerless_unassigned_desktops_of_the_pool_are_reserved(store: SqlStore) -> None:
    other = PoolId("other")
    async with store.write() as tx:
        await put_city(tx)
        await put_city(tx, tenant_id=TOWN)
        await tx.pools.put_pool(a_pool(other))
        for number, state in enumerate(DesktopState):
            if state is not DesktopState.READY:
                await tx.pools.add_desktop(a_desktop(number, state=state))
        await tx.pools.add_desktop(a_desktop(90, owner_id=a_user(1).id))
        await tx.pools.add_desktop(a_desktop(91, other))
        await tx.pools.add_desktop(a_desktop(92, tenant_id=TOWN))
        await tx.pools.add_desktop(a_desktop(93))
        await tx.sessions.add_assignment(an_assignment(a_desktop(93), a_user(2).id))
        assert await tx.pools.reserve_ready(CITY, OFFICE) is None
        await tx.pools.add_desktop(a_desktop(94))
        reserved = await tx.pools.reserve_ready(CITY, OFFICE)
        assert reserved is not None
        assert reserved == msgspec.structs.replace(
            a_desktop(94), state=DesktopState.RESERVED, version=2, state_since=tx.now
        )


async def test_of_two_who_change_a_desktop_the_second_is_told(store: SqlStore) -> None:
    await fill(store, desktops=1)
    before = a_desktop(1)
    lost = msgspec.structs.replace(before, state=DesktopState.ABSENT)
    async with store.write() as tx:
        after = await tx.pools.swap_desktop(before, lost)
        assert after == msgspec.structs.replace(lost, version=2)
    async with store.write() as tx:
        assert await tx.pools.swap_desktop(before, lost) is None
        assert await tx.pools.get_desktop(CITY, before.id) == after
        with pytest.raises(StoreError, match="another one"):
            await tx.pools.swap_desktop(before, a_desktop(2))


async def test_a_person_owns_one_desktop_of_a_pool_and_may_get_a_new_one_after_retirement(store: SqlStore) -> None:
    owner = a_user(1).id
    await fill(store)
    owned = a_desktop(1, owner_id=owner, state=DesktopState.STOPPED)
    async with store.write() as tx:
        await tx.pools.add_desktop(owned)
        assert await tx.pools.find_owned_desktop(CITY, OFFICE, owner) == owned
    with pytest.raises(StoreError, match="refused a row"):
        async with store.write() as tx:
            await tx.pools.add_desktop(a_desktop(2, owner_id=owner))
    async with store.write() as tx:
        await tx.pools.swap_desktop(owned, msgspec.structs.replace(owned, state=DesktopState.RETIRED))
        assert await tx.pools.find_owned_desktop(CITY, OFFICE, owner) is None
        assert await tx.pools.count_desktops(CITY, OFFICE) == 0
        await tx.pools.add_desktop(a_desktop(2, owner_id=owner))
        assert await tx.pools.count_desktops(CITY, OFFICE) == 1


async def test_people_who_come_at_once_do_not_take_a_pool_over_its_size(store: SqlStore) -> None:
    await fill(store, users=20)

    async def make(number: int) -> bool:
        owner = a_user(number).id
        async with store.write() as tx:
            assert await tx.pools.find_owned_desktop(CITY, OFFICE, owner) is None
            if await tx.pools.count_desktops(CITY, OFFICE) >= 5:
                return False
            await tx.pools.add_desktop(a_desktop(number, owner_id=owner))
            return True

    assert sum(await asyncio.gather(*(make(number) for number in range(1, 21)))) == 5


async def test_rows_never_refer_into_another_tenant(store: SqlStore) -> None:
    async with store.write() as tx:
        await put_city(tx)
        await tx.people.put_tenant(
            msgspec.structs.replace((await tx.people.list_tenants())[0], id=TOWN, hostnames=frozenset())
        )
    for wrong in (a_pool(tenant_id=TOWN), a_desktop(1, tenant_id=TOWN), a_desktop(1, owner_id=UserId("nobody"))):
        with pytest.raises(StoreError, match="refused a row"):
            async with store.write() as tx:
                await (tx.pools.add_desktop(wrong) if isinstance(wrong, Desktop) else tx.pools.put_pool(wrong))


async def test_zones_and_pools_are_updated_in_place(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await tx.pools.put_pool(a_pool(is_open=False, max_size=9))
        assert await tx.pools.list_pools(CITY) == [a_pool(is_open=False, max_size=9)]
        zone = await tx.pools.get_zone(CITY, LGWAN)
        assert zone is not None
        await tx.pools.put_zone(msgspec.structs.replace(zone, max_unsupervised_s=5))
        assert [it.max_unsupervised_s for it in await tx.pools.list_zones(CITY)] == [5]
        assert await tx.pools.list_zones(TOWN) == []
