"""Tenants and people."""

import msgspec
import pytest

from broker.errors import StoreError
from broker.model.ids import UserId
from broker.model.kinds import Mode, Role
from broker.model.policy_records import ModeOrder
from broker.store import SqlStore
from tests.broker.store.rows import CITY, TOWN, a_tenant, a_user, an_enrolment, fill, put_city


async def test_a_tenant_is_found_by_each_of_its_host_names_whatever_their_case(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.people.put_tenant(a_tenant(hostnames=frozenset({"Portal.Aoba.example", "localhost"})))
    async with store.read() as tx:
        for name in ("portal.aoba.example", "PORTAL.AOBA.EXAMPLE", "localhost"):
            found = await tx.people.find_tenant_by_hostname(name)
            assert found is not None
            assert found.id == CITY
        assert await tx.people.find_tenant_by_hostname("aoba.example") is None


async def test_a_host_name_that_is_given_up_is_free_and_one_in_use_is_refused(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.people.put_tenant(a_tenant(CITY, hostnames=frozenset({"old", "new"})))
        await tx.people.put_tenant(a_tenant(CITY, hostnames=frozenset({"new"})))
        await tx.people.put_tenant(a_tenant(TOWN, hostnames=frozenset({"old"})))
    with pytest.raises(StoreError, match="another tenant"):
        async with store.write() as tx:
            await tx.people.put_tenant(a_tenant(TOWN, hostnames=frozenset({"new"})))
    async with store.read() as tx:
        assert [tenant.hostnames for tenant in await tx.people.list_tenants()] == [{"new"}, {"old"}]


async def test_the_mode_of_a_tenant_changes(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await tx.people.set_mode(CITY, ModeOrder(mode=Mode.MAINTENANCE))
        tenant = await tx.people.get_tenant(CITY)
        assert tenant is not None
        assert tenant.mode is Mode.MAINTENANCE


async def test_the_next_sign_in_updates_what_the_directory_owns_and_nothing_else(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await tx.people.set_locked(CITY, a_user(1).id, True)
        await tx.people.mark_signed_in(CITY, a_user(1).id)
        moved = a_user(1, id=UserId("another"), department="税務課", roles=frozenset({Role.AUDITOR}))
        stored = await tx.people.put_user(moved)
        assert stored == msgspec.structs.replace(moved, id=a_user(1).id, is_locked=True, last_signed_in_at=tx.now)
        assert await tx.people.get_user(CITY, UserId("another")) is None


async def test_a_person_is_enrolled_while_there_is_a_factor(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await tx.signin.add_enrolment(an_enrolment(a_user(2)), [])
        found = await tx.people.find_user(CITY, "staff002")
        assert found is not None
        assert found.is_enrolled
        await tx.signin.remove_enrolment(CITY, a_user(2).id)
        found = await tx.people.find_user(CITY, "staff002")
        assert found is not None
        assert not found.is_enrolled


async def test_people_are_searched_by_any_part_of_login_name_or_department(store: SqlStore) -> None:
    async with store.write() as tx:
        await put_city(tx, users=3)
        await put_city(tx, users=3, tenant_id=TOWN)
        await tx.people.put_user(a_user(4, display_name="100%_達成"))
    async with store.read() as tx:
        assert [user.login for user in await tx.people.search_users(CITY, "STAFF00", 2)] == ["staff001", "staff002"]
        assert len(await tx.people.search_users(CITY, "情報", 10)) == 4
        assert [user.id for user in await tx.people.search_users(CITY, "%_", 10)] == [a_user(4).id]
        assert await tx.people.search_users(CITY, "%%", 10) == []


async def test_a_login_is_taken_exactly_and_by_one_tenant(store: SqlStore) -> None:
    await fill(store)
    async with store.read() as tx:
        assert await tx.people.find_user(CITY, "STAFF001") is None
        assert await tx.people.find_user(TOWN, "staff001") is None
