"""Who is head of what (所属長) is kept as the directory says, for those who approve later."""

import pytest

from broker.people.leavers import LeaverWatch
from broker.store import SqlStore
from tests.broker.signin.city import TENANT, City, open_city
from tests.fakes.authenticator import FakeAuthenticator, FakePerson

CLERK = FakePerson(login="yamada", password="yamada-secret", department="市民課", manager="kamiya")
HEAD = FakePerson(
    login="yamada", password="yamada-secret", department="市民課", heads=frozenset({"市民課"}), manager="hisho"
)


@pytest.fixture
async def city(sqlite_store: SqlStore) -> City:
    await open_city(sqlite_store)
    return City(sqlite_store, FakeAuthenticator(CLERK))


async def test_a_clerk_who_is_made_head_is_one_from_the_next_round_on(city: City) -> None:
    await city.enrol()
    await city.sign_in()
    before = await city.user()
    assert (before.heads, before.manager) == (frozenset(), "kamiya")
    city.directory.put(HEAD)
    await LeaverWatch(city.store, {TENANT: city.directory}).look(TENANT)
    after = await city.user()
    assert (after.heads, after.manager) == (frozenset({"市民課"}), "hisho")


async def test_who_is_head_no_more_is_none_at_the_next_sign_in(city: City) -> None:
    city.directory.put(HEAD)
    await city.enrol()
    await city.sign_in()
    assert (await city.user()).heads == {"市民課"}
    city.directory.put(CLERK)
    await city.sign_in()
    assert (await city.user()).heads == frozenset()
