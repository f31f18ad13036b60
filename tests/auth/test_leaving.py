"""Somebody leaves, in a real directory: the review that runs beside everything shuts them out, round by round."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import ldap3
import pytest
from ldap3.core.exceptions import LDAPNoSuchObjectResult

from auth.ldap import LdapAuthenticator
from broker.model.records import User
from broker.people.leavers import LeaverWatch
from broker.signin.records import Authenticated, SignedIn
from broker.store import SqlStore
from tests.broker.signin.city import HOME, TENANT, City, from_address, open_city
from tests.parts.samba import GROUPS, PEOPLE, DomainController, add_person, change_account
from tests.parts.slapd import SUFFIX
from tests.parts.staffed import administrator_of, clerk_of, login_of, person_dn, run_staffed_slapd

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
INTERVAL_S = 0.3
DEADLINE_S = 20.0
_NORMAL_ACCOUNT = 0x200
_DISABLED = 0x2
_LONG_AGO = "130000000000000000"
"""A moment of 2012, as Active Directory writes times."""
LEAVER, STAYER = "leaver", "stayer"
TELEWORK = f"CN=leavers-telework,{GROUPS}"


class Review:
    """The review of the broker, at a short interval."""

    def __init__(self, city: City, directory: LdapAuthenticator) -> None:
        self._city = city
        self._watch = LeaverWatch(city.store, {TENANT: directory})
        self._looked = asyncio.Event()

    async def run(self) -> None:
        while True:
            await self._watch.look(TENANT)
            self._looked.set()
            await asyncio.sleep(INTERVAL_S)

    async def wait_round(self) -> None:
        """Until a whole round has ended that began after this call."""
        async with asyncio.timeout(DEADLINE_S):
            for _ in range(2):
                self._looked.clear()
                await self._looked.wait()

    async def until(self, login: str, is_so: Callable[[User], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not is_so(await self._city.user(login)):
                self._looked.clear()
                await self._looked.wait()


@contextlib.asynccontextmanager
async def reviewed(city: City, directory: LdapAuthenticator) -> AsyncIterator[Review]:
    review = Review(city, directory)
    task = asyncio.create_task(review.run())
    yield review
    assert not task.done(), "the review ended by itself"
    task.cancel()


async def is_in(city: City, signed_in: SignedIn) -> bool:
    return isinstance(await city.signin.authenticate(signed_in.token, from_address(HOME)), Authenticated)


async def causes(city: City) -> list[tuple[str, str]]:
    return [(record.detail["login"], record.detail["cause"]) for record in await city.audit("user.left")]


@pytest.fixture
def domain(controller: DomainController) -> Iterator[LdapAuthenticator]:
    """Two people of their own in the domain, with a group that entitles them."""
    for login in (LEAVER, STAYER):
        add_person(controller, login, f"{login}-secret")
    with administrator_of(controller) as administrator:
        members = [f"CN={login},{PEOPLE}" for login in (LEAVER, STAYER)]
        administrator.add(TELEWORK, "group", {"sAMAccountName": "leavers-telework", "member": members})
    directory = LdapAuthenticator(controller.settings(), controller.service_password, controller.ca_file)
    yield directory
    directory.close()
    with administrator_of(controller) as administrator:
        for dn in (TELEWORK, *(f"CN={login},{PEOPLE}" for login in (LEAVER, STAYER))):
            with contextlib.suppress(LDAPNoSuchObjectResult):
                administrator.delete(dn)


@pytest.mark.parametrize(
    "how,cause",
    [("disabled", "account_disabled"), ("expired", "account_expired"), ("deleted", "unknown_user")],
)
async def test_in_a_domain_who_is_shut_out_there_is_shut_out_here(
    sqlite_store: SqlStore, controller: DomainController, domain: LdapAuthenticator, how: str, cause: str
) -> None:
    await open_city(sqlite_store)
    city = City(sqlite_store, domain)
    leaver, stayer = await city.enrol(LEAVER), await city.enrol(STAYER)
    async with reviewed(city, domain) as review:
        await review.wait_round()
        assert await is_in(city, leaver)
        match how:
            case "disabled":
                change_account(controller, LEAVER, userAccountControl=str(_NORMAL_ACCOUNT | _DISABLED))
            case "expired":
                change_account(controller, LEAVER, accountExpires=_LONG_AGO)
            case _:
                with administrator_of(controller) as administrator:
                    administrator.delete(f"CN={LEAVER},{PEOPLE}")
        await review.until(LEAVER, lambda user: user.is_shut_out)
        assert not await is_in(city, leaver)
        assert await is_in(city, stayer)
    assert await causes(city) == [(LEAVER, cause)]


async def test_in_a_domain_who_leaves_the_group_loses_its_desktop_alone(
    sqlite_store: SqlStore, controller: DomainController, domain: LdapAuthenticator
) -> None:
    await open_city(sqlite_store)
    city = City(sqlite_store, domain)
    mover = await city.enrol(LEAVER)
    assert "leavers-telework" in mover.user.groups
    async with sqlite_store.read() as tx:
        before = (await tx.policy.list_epochs())[TENANT]
    async with reviewed(city, domain) as review:
        with administrator_of(controller) as administrator:
            administrator.modify(TELEWORK, {"member": [(ldap3.MODIFY_DELETE, [f"CN={LEAVER},{PEOPLE}"])]})
        await review.until(LEAVER, lambda user: "leavers-telework" not in user.groups)
        assert await is_in(city, mover), "the browser stays"
    async with sqlite_store.read() as tx:
        assert (await tx.policy.list_epochs())[TENANT] > before, "live sessions are looked at in the next sweep"
    assert [record.detail["lost"] for record in await city.audit("user.changed")] == ["leavers-telework"]


async def test_in_openldap_who_is_deleted_is_out_and_who_leaves_the_group_loses_its_desktop_alone(
    sqlite_store: SqlStore, tmp_path: Path
) -> None:
    leaver, mover = login_of(0), login_of(5)
    with run_staffed_slapd(tmp_path / "hall", 12) as hall:
        with clerk_of(hall) as clerk:
            for number in (0, 5):
                secret = [(ldap3.MODIFY_REPLACE, [f"{login_of(number)}-secret"])]
                clerk.modify(person_dn(number), {"userPassword": secret})
        directory = LdapAuthenticator(hall.settings(), hall.service_password, hall.ca_file)
        await open_city(sqlite_store)
        city = City(sqlite_store, directory)
        left, moved = await city.enrol(leaver), await city.enrol(mover)
        async with reviewed(city, directory) as review:
            with clerk_of(hall) as clerk:
                group = f"cn=telework,ou=groups,{SUFFIX}"
                clerk.modify(group, {"member": [(ldap3.MODIFY_DELETE, [person_dn(5)])]})
                clerk.delete(person_dn(0))
            await review.until(leaver, lambda user: user.is_shut_out)
            await review.until(mover, lambda user: "telework" not in user.groups)
            assert not await is_in(city, left)
            assert await is_in(city, moved)
        directory.close()
    assert await causes(city) == [(leaver, "unknown_user")]
    assert [record.detail["login"] for record in await city.audit("user.missed")] == [leaver]
