"""Which tenant is served under a name, as pages ask it at every request."""

import msgspec

from broker.people.tenants import TenantDirectory
from tests.broker.signin.city import HOST, TENANT, City


async def test_a_strangers_page_knows_the_tenant_of_a_second_ago_and_all_others_that_of_now(city: City) -> None:
    now_s = 1000.0
    directory = TenantDirectory(city.store, lambda: now_s)
    before = await directory.find_for_stranger(HOST)
    assert before is not None
    renamed = msgspec.structs.replace(before, name_en="Renamed")
    async with city.store.write() as tx:
        await tx.people.put_tenant(renamed)
    assert await directory.find_by_hostname(HOST) == renamed
    now_s += 0.9
    assert await directory.find_for_stranger(HOST) == before
    now_s += 0.2
    assert await directory.find_for_stranger(HOST) == renamed


async def test_a_name_that_nobody_has_is_asked_anew_each_time(city: City) -> None:
    directory = TenantDirectory(city.store)
    assert await directory.find_for_stranger("new.example.jp") is None
    async with city.store.write() as tx:
        mine = await tx.people.get_tenant(TENANT)
        assert mine is not None
        hostnames = mine.hostnames | {"new.example.jp"}
        await tx.people.put_tenant(msgspec.structs.replace(mine, hostnames=hostnames))
    found = await directory.find_for_stranger("new.example.jp")
    assert found is not None
    assert found.id == TENANT
