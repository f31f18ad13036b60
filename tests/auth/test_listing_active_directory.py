"""A whole domain is read page by page, then what changed by the controller's own numbers of changes."""

from collections.abc import Callable, Iterator

import ldap3
import msgspec
import pytest

from auth.ldap import LdapAuthenticator
from auth.ldap_listing import LdapListing
from broker.ports import DirectoryUnavailable, PersonStands, WholeNeeded
from tests.auth.listing import listed
from tests.parts.samba import BASE, GROUPS, PEOPLE, DomainController, run_samba
from tests.parts.staffed import add_staff, administrator_of, login_of

pytestmark = pytest.mark.real

STAFF = 250
Dial = Callable[..., LdapListing]


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DomainController]:
    with run_samba(tmp_path_factory.mktemp("samba")) as running:
        with administrator_of(running) as administrator:
            add_staff(administrator, range(STAFF))
        yield running


@pytest.fixture
def dial(controller: DomainController) -> Iterator[Dial]:
    opened: list[LdapListing] = []

    def open_one(**changes: object) -> LdapListing:
        settings = controller.settings(page_size=50, **changes)
        opened.append(LdapListing(settings, controller.service_password, controller.ca_file))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


async def test_everybody_is_told_page_by_page(dial: Dial) -> None:
    found = await listed(dial())
    assert {login_of(number) for number in range(STAFF)} <= set(found.people)
    assert found.pages > STAFF // 50
    person = found.people[login_of(45)]
    assert (person.display_name, person.department) == ("髙橋 45", "課05")
    assert person.groups == {"dept-05", "staff-telework"}
    assert not found.people["disabled"].is_enabled
    expires_at = found.people["expired"].expires_at
    assert expires_at is not None
    assert expires_at.year == 1970
    assert found.people["yamada"].expires_at is None
    assert "中間" in found.groups
    assert "内側" not in found.groups


async def test_groups_are_those_that_a_sign_in_finds(dial: Dial, controller: DomainController) -> None:
    """Through groups in groups, by the primary group, and without those that do not count."""
    authenticator = LdapAuthenticator(controller.settings(), controller.service_password, controller.ca_file)
    found = await listed(dial())
    answer = await authenticator.look_up([login for login in found.people if not login.startswith("s0")])
    assert isinstance(answer, dict)
    standing = {login: one.person for login, one in answer.items() if isinstance(one, PersonStands)}
    for login, person in standing.items():
        assert (login, found.people[login].groups) == (login, person.groups)
    assert standing["nested"].groups == {"中間", "全庁"}
    assert standing["佐藤"].groups == {"主グループ", "主の親"}
    authenticator.close()


async def test_only_what_changed_is_told_afterwards(dial: Dial, controller: DomainController) -> None:
    listing = dial()
    first = await listed(listing)
    nothing = await listed(listing, first.cursor)
    assert (nothing.people, nothing.groups) == ({}, {})
    with administrator_of(controller) as administrator:
        name = f"CN={login_of(7)},{PEOPLE}"
        administrator.modify(name, {"department": [(ldap3.MODIFY_REPLACE, ["税務課"])]})
        lost = f"CN={login_of(3)},{PEOPLE}"
        administrator.modify(f"CN=dept-03,{GROUPS}", {"member": [(ldap3.MODIFY_DELETE, [lost])]})
    changed = await listed(listing, nothing.cursor)
    assert changed.people[login_of(7)].department == "税務課"
    assert sorted(changed.groups) == ["dept-03"]
    assert set(changed.people) == {login_of(7), *(login_of(number) for number in range(43, STAFF, 40))}
    again = await listing.reread([login_of(3)])
    assert not isinstance(again, DirectoryUnavailable)
    assert [(one.groups, one.entry_id) for one in again] == [(frozenset(), first.people[login_of(3)].entry_id)]
    assert (await listed(listing, changed.cursor)).people == {}


async def test_a_change_in_a_group_that_does_not_count_counts_for_the_groups_above_it(
    dial: Dial, controller: DomainController
) -> None:
    """内側 lies elsewhere, and is a member of 中間: everything is read."""
    listing = dial()
    first = await listed(listing)
    person = f"CN={login_of(9)},{PEOPLE}"
    inner, mailing = f"CN=内側,OU=mailing,{BASE}", f"CN=it_desk,OU=mailing,{BASE}"
    with administrator_of(controller) as administrator:
        administrator.modify(mailing, {"member": [(ldap3.MODIFY_ADD, [person])]})
    aside = await listed(listing, first.cursor)
    assert aside.groups == {}
    with administrator_of(controller) as administrator:
        administrator.modify(inner, {"member": [(ldap3.MODIFY_ADD, [person])]})
    found = await listed(listing, aside.cursor)
    assert isinstance(found.end, WholeNeeded)
    assert (await listed(listing)).people[login_of(9)].groups == {"dept-09", "中間", "全庁"}


async def test_a_copy_of_the_controller_has_numbers_of_its_own(dial: Dial) -> None:
    cursor = (await listed(dial())).cursor
    assert cursor.server.startswith("CN=NTDS Settings,")
    restored = msgspec.structs.replace(cursor, server=cursor.server[:-4] + "0000")
    assert isinstance((await listed(dial(), restored)).end, WholeNeeded)
    newer = msgspec.structs.replace(cursor, mark=str(int(cursor.mark) + 1000))
    assert isinstance((await listed(dial(), newer)).end, WholeNeeded)
