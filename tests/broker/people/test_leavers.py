"""Who leaves the city hall loses browsers and desktops, without anybody at the desk doing anything."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from broker.people.leavers import LeaverWatch
from broker.ports import DirectoryUnavailable, Standing
from broker.signin.records import Authenticated, Refused, SignedIn
from broker.store import SqlStore
from tests.broker.signin.city import HOME, STEP, TENANT, City, from_address, open_city
from tests.fakes.authenticator import FakePerson


@pytest.fixture
async def city(store: SqlStore) -> City:
    return await open_city(store)


@pytest.fixture
def watch(city: City) -> LeaverWatch:
    return LeaverWatch(city.store, {TENANT: city.directory})


async def is_signed_in(city: City, signed_in: SignedIn) -> bool:
    found = await city.signin.authenticate(signed_in.token, from_address(HOME))
    return isinstance(found, Authenticated)


async def events(city: City, name: str) -> list[dict[str, str]]:
    return [dict(record.detail) for record in await city.audit(name)]


async def test_a_disabled_account_is_signed_out_in_the_same_round(city: City, watch: LeaverWatch) -> None:
    await city.enrol()
    signed_in = await city.sign_in()
    city.directory.put(FakePerson(login="yamada", password="yamada-secret", is_disabled=True))
    assert await is_signed_in(city, signed_in)
    await watch.look(TENANT)
    assert not await is_signed_in(city, signed_in)
    assert (await city.user()).is_shut_out
    assert await events(city, "user.left") == [{"login": "yamada", "cause": "account_disabled", "websessions": "2"}]


async def test_a_sign_in_that_had_begun_before_is_not_completed_after(city: City, watch: LeaverWatch) -> None:
    await city.enrol()
    await city.sign_in()
    city.wait(STEP)
    pending = await city.pending("yamada")
    city.directory.put(FakePerson(login="yamada", password="yamada-secret", is_disabled=True))
    await watch.look(TENANT)
    attempt = city.attempt(pending, await city.app_code("yamada"))
    assert isinstance(await city.signin.submit_code(attempt), Refused)
    assert [record["cause"] for record in await events(city, "signin.refused")] == ["account_locked"]


class SlowReader:
    """A directory whose answer is overtaken by what another broker has heard meanwhile."""

    def __init__(self, city: City) -> None:
        self._city = city

    async def look_up(self, logins: Sequence[str]) -> Mapping[str, Standing] | DirectoryUnavailable:
        answer = await self._city.directory.look_up(logins)
        user = await self._city.user()
        async with self._city.store.write() as tx:
            await tx.people.mark_left(user.tenant_id, user.id)
        return answer


async def test_an_old_answer_does_not_bring_back_who_has_left_meanwhile(city: City) -> None:
    await city.enrol()
    person = city.directory.people["yamada"]
    city.directory.put(msgspec.structs.replace(person, department="税務課"))
    await LeaverWatch(city.store, {TENANT: SlowReader(city)}).look(TENANT)
    assert (await city.user()).is_shut_out


async def test_who_is_not_found_once_stays_and_twice_is_gone(city: City, watch: LeaverWatch) -> None:
    await city.enrol()
    signed_in = await city.sign_in()
    del city.directory.people["yamada"]
    await watch.look(TENANT)
    assert await is_signed_in(city, signed_in)
    await watch.look(TENANT)
    assert not await is_signed_in(city, signed_in)
    assert [record["login"] for record in await events(city, "user.missed")] == ["yamada"]
    assert [record["cause"] for record in await events(city, "user.left")] == ["unknown_user"]


async def test_who_is_found_again_was_never_gone(city: City, watch: LeaverWatch) -> None:
    await city.enrol()
    signed_in = await city.sign_in()
    person = city.directory.people.pop("yamada")
    await watch.look(TENANT)
    city.directory.put(person)
    await watch.look(TENANT)
    del city.directory.people["yamada"]
    await watch.look(TENANT)
    assert await is_signed_in(city, signed_in)


async def test_a_directory_that_does_not_answer_sends_nobody_away(city: City, watch: LeaverWatch) -> None:
    await city.enrol()
    signed_in = await city.sign_in()
    city.directory.is_down = True
    for _ in range(3):
        await watch.look(TENANT)
    city.directory.is_down = False
    city.directory.silent_about.add("yamada")
    for _ in range(3):
        await watch.look(TENANT)
    assert await is_signed_in(city, signed_in)


async def test_a_group_that_was_taken_away_is_gone_at_once(city: City, watch: LeaverWatch) -> None:
    await city.enrol()
    signed_in = await city.sign_in()
    before = await city.user()
    async with city.store.read() as tx:
        epoch = (await tx.policy.list_epochs())[TENANT]
    person = city.directory.people["yamada"]
    city.directory.put(msgspec.structs.replace(person, groups=frozenset({"所属長"}), department="税務課"))
    await watch.look(TENANT)
    user = await city.user()
    assert (sorted(user.groups), user.department, user.id) == (["所属長"], "税務課", before.id)
    assert await is_signed_in(city, signed_in)
    async with city.store.read() as tx:
        assert (await tx.policy.list_epochs())[TENANT] > epoch
    assert await events(city, "user.changed") == [{"login": "yamada", "gained": "所属長", "lost": "telework"}]


async def test_a_change_that_can_not_be_stored_keeps_nobody_else_here(city: City, watch: LeaverWatch) -> None:
    await city.enrol("suzuki")
    await city.enrol()
    suzuki, yamada = city.directory.people["suzuki"], city.directory.people["yamada"]
    city.directory.put(msgspec.structs.replace(suzuki, department="\ud800"))
    city.directory.put(msgspec.structs.replace(yamada, is_disabled=True))
    await watch.look(TENANT)
    assert (await city.user()).is_shut_out
    assert not (await city.user("suzuki")).is_shut_out


async def test_who_comes_back_is_let_in_again(city: City, watch: LeaverWatch) -> None:
    await city.enrol()
    person = city.directory.people["yamada"]
    city.directory.put(msgspec.structs.replace(person, is_disabled=True))
    await watch.look(TENANT)
    city.directory.put(person)
    signed_in = await city.sign_in()
    assert await is_signed_in(city, signed_in)
    assert not (await city.user()).is_shut_out


async def test_when_many_vanish_at_once_nobody_is_sent_away_and_the_desk_is_told(
    city: City, watch: LeaverWatch
) -> None:
    for number in range(8):
        city.directory.put(FakePerson(login=f"staff{number}", password=f"staff{number}-secret"))
        await city.enrol(f"staff{number}")
    people = dict(city.directory.people)
    city.directory.people.clear()
    for _ in range(3):
        await watch.look(TENANT)
    assert await events(city, "user.left") == []
    assert (await events(city, "directory.review_doubted"))[0] == {"present": "8"}
    city.directory.people.update(people)
    del city.directory.people["staff3"]
    for _ in range(2):
        await watch.look(TENANT)
    assert [record["login"] for record in await events(city, "user.left")] == ["staff3"]


async def test_who_is_disabled_is_sent_away_even_while_many_others_vanish(city: City, watch: LeaverWatch) -> None:
    """The end of March: a branch of the directory was moved, and somebody who was dismissed keeps working."""
    for number in range(8):
        city.directory.put(FakePerson(login=f"staff{number}", password=f"staff{number}-secret"))
        await city.enrol(f"staff{number}")
    city.directory.people.clear()
    city.directory.put(FakePerson(login="staff3", password="staff3-secret", is_disabled=True))
    for _ in range(2):
        await watch.look(TENANT)
    assert [(record["login"], record["cause"]) for record in await events(city, "user.left")] == [
        ("staff3", "account_disabled")
    ]


async def test_nobody_is_asked_about_who_is_not_here(city: City, watch: LeaverWatch) -> None:
    await city.enrol()
    signed_in = await city.sign_in()
    await city.signin.sign_out_everywhere(TENANT, signed_in.user.id, actor="test")
    city.directory.is_down = True
    del city.directory.people["yamada"]
    await watch.look(TENANT)
    await watch.look(TENANT)
    assert await events(city, "user.missed") == []


async def test_what_was_missed_before_everybody_went_home_does_not_count_the_next_day(
    city: City, watch: LeaverWatch
) -> None:
    await city.enrol()
    person = city.directory.people.pop("yamada")
    await watch.look(TENANT)
    await city.signin.sign_out_everywhere(TENANT, (await city.user()).id, actor="test")
    await watch.look(TENANT)
    city.directory.put(person)
    signed_in = await city.sign_in()
    del city.directory.people["yamada"]
    await watch.look(TENANT)
    assert await is_signed_in(city, signed_in)
