"""A whole directory is read page by page, then what changed in it; half of it is told as half of it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import ldap3
import msgspec
import pytest

from auth.ldap import LdapAuthenticator
from auth.ldap_listing import LdapListing
from broker.ports import DirectoryPage, DirectoryUnavailable, PersonStands, ReadingDone, WholeNeeded
from tests.auth.listing import listed
from tests.auth.test_hostile_directory import hang_up, hostile, say_nothing
from tests.parts.slapd import SUFFIX, Slapd
from tests.parts.staffed import StaffedSlapd, clerk_of, login_of, person_dn, run_staffed_slapd

pytestmark = pytest.mark.real

STAFF = 700
Dial = Callable[..., LdapListing]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaffedSlapd]:
    with run_staffed_slapd(tmp_path_factory.mktemp("hall"), STAFF) as running:
        yield running


@pytest.fixture
def dial(hall: StaffedSlapd) -> Iterator[Dial]:
    opened: list[LdapListing] = []

    def open_one(**changes: object) -> LdapListing:
        settings = hall.settings(page_size=100, **changes)
        opened.append(LdapListing(settings, hall.service_password, hall.ca_file))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


async def test_everybody_is_told_page_by_page_with_their_groups(dial: Dial) -> None:
    found = await listed(dial())
    assert sorted(found.people) == [login_of(number) for number in range(STAFF)]
    assert found.pages == 1 + STAFF // 100
    person = found.people[login_of(45)]
    assert (person.display_name, person.department) == ("髙橋 45", "課05")
    assert person.groups == {"dept-05", "telework"}
    assert len(found.groups) == 41
    assert isinstance(found.end, ReadingDone)


async def test_groups_are_those_that_a_sign_in_finds(slapd: Slapd) -> None:
    """Of everybody whom both know, in a directory with memberOf, plain groups, and groups that do not count."""
    listing = LdapListing(slapd.settings(), slapd.service_password, slapd.ca_file)
    authenticator = LdapAuthenticator(slapd.settings(), slapd.service_password, slapd.ca_file)
    found = await listed(listing)
    answer = await authenticator.look_up(sorted(found.people))
    assert isinstance(answer, dict)
    standing = {login: one.person for login, one in answer.items() if isinstance(one, PersonStands)}
    assert len(standing) >= 5
    for login, person in standing.items():
        assert (found.people[login].groups, found.people[login].department) == (person.groups, person.department)
    assert not found.people["disabled"].is_enabled
    assert sorted(set(found.people) - {"disabled", "double"} - set(standing)) == []
    listing.close()
    authenticator.close()


async def test_only_what_changed_is_told_afterwards(dial: Dial, hall: StaffedSlapd) -> None:
    listing = dial()
    first = await listed(listing)
    nothing = await listed(listing, first.cursor)
    assert (nothing.people, nothing.groups) == ({}, {})
    with clerk_of(hall) as clerk:
        clerk.modify(person_dn(7), {"ou": [(ldap3.MODIFY_REPLACE, ["税務課"])]})
        clerk.modify(f"cn=dept-03,ou=groups,{SUFFIX}", {"member": [(ldap3.MODIFY_DELETE, [person_dn(3)])]})
    changed = await listed(listing, nothing.cursor)
    assert changed.people["s00007"].department == "税務課"
    assert sorted(changed.groups) == ["dept-03"]
    # Everybody who is in the group is told anew; who was in it, whoever keeps the list has to ask for.
    assert set(changed.people) == {"s00007", *(login_of(number) for number in range(43, STAFF, 40))}
    lost = await listing.reread(["s00003", "nobody"])
    assert not isinstance(lost, DirectoryUnavailable)
    assert [(one.login, one.groups, one.entry_id) for one in lost] == [
        ("s00003", frozenset(), first.people["s00003"].entry_id)
    ]


async def test_who_is_renamed_stays_the_same_entry(dial: Dial, hall: StaffedSlapd) -> None:
    listing = dial()
    before = await listed(listing)
    with clerk_of(hall) as clerk:
        clerk.modify_dn(person_dn(699), "uid=kekkon")
    after = await listed(listing)
    assert after.people["kekkon"].entry_id == before.people["s00699"].entry_id
    assert "s00699" not in after.people
    with clerk_of(hall) as clerk:
        clerk.modify_dn(f"uid=kekkon,ou=people,{SUFFIX}", "uid=s00699")


async def test_a_group_with_many_members_that_changed_wants_everything_read(dial: Dial, hall: StaffedSlapd) -> None:
    listing = dial()
    first = await listed(listing)
    name = f"cn=全庁,ou=groups,{SUFFIX}"
    with clerk_of(hall) as clerk:
        clerk.add(name, "groupOfNames", {"cn": "全庁", "member": [person_dn(number) for number in range(501)]})
    found = await listed(listing, first.cursor)
    with clerk_of(hall) as clerk:
        clerk.delete(name)
    assert isinstance(found.end, WholeNeeded)
    assert "more than 500 members" in found.end.why


async def test_changes_of_another_server_are_not_taken_for_those_of_this_one(dial: Dial) -> None:
    first = await listed(dial())
    elsewhere = msgspec.structs.replace(first.cursor, server="dc9:636")
    assert isinstance((await listed(dial(), elsewhere)).end, WholeNeeded)


async def test_a_size_limit_is_no_whole_answer(tmp_path: Path) -> None:
    """An account that is told 500 entries at most, as slapd's own default is."""
    with run_staffed_slapd(tmp_path / "limited", STAFF, size_limit="500") as limited:
        listing = LdapListing(limited.settings(page_size=100), limited.service_password, limited.ca_file)
        found = await listed(listing)
        listing.close()
    assert isinstance(found.end, DirectoryUnavailable)
    assert "only a part" in found.end.detail
    assert 0 < len(found.people) < STAFF


@pytest.mark.parametrize("behaviour", [hang_up, say_nothing])
async def test_a_server_that_does_not_answer_is_passed_over(
    dial: Dial, hall: StaffedSlapd, behaviour: Callable[..., object]
) -> None:
    async with hostile(behaviour) as gone:  # type: ignore[arg-type]  # behaviours of the hostile directory
        further = [f"ldap://localhost:{hall.port}"]
        url = f"ldap://127.0.0.1:{gone.port}"
        found = await listed(dial(url=url, further_urls=further, connect_timeout_s=0.3, operation_timeout_s=0.5))
    assert len(found.people) == STAFF


async def test_the_event_loop_goes_on_while_a_page_is_read(dial: Dial) -> None:
    """It turns many times for each page; held by the reading it would turn once or twice."""
    async with aclosing(dial().read(None)) as reading:
        for _ in range(3):
            page = asyncio.create_task(anext(reading))
            turns = 0
            while not page.done():
                await asyncio.sleep(0)
                turns += 1
            assert isinstance(await page, DirectoryPage)
            assert turns > 20


async def test_who_stops_in_the_middle_gives_the_thread_back(dial: Dial) -> None:
    listing = dial()
    reading = listing.read(None)
    await anext(reading)
    await reading.aclose()
    assert len((await listed(listing)).people) == STAFF
