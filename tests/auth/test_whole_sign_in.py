"""The whole sign-in on real parts: OpenLDAP, a code of the app, the store."""

from collections.abc import AsyncIterator

import pytest

from auth.ldap import LdapAuthenticator
from broker.model.kinds import Role
from broker.signin.records import Authenticated, DirectoryDown, Refused
from broker.store import SqlStore
from tests.auth.authenticator_conformance import secret_of
from tests.broker.signin.city import HOST, OFFICE, TENANT, City, from_address, open_city
from tests.parts.slapd import Slapd

pytestmark = pytest.mark.real


@pytest.fixture
async def city(sqlite_store: SqlStore, slapd: Slapd) -> AsyncIterator[City]:
    await open_city(sqlite_store)
    directory = LdapAuthenticator(slapd.settings(), slapd.service_password, slapd.ca_file)
    yield City(sqlite_store, directory)
    directory.close()


async def test_from_the_first_day_to_an_ordinary_morning(city: City) -> None:
    await city.enrol("itdesk")
    signed_in = await city.sign_in("itdesk")
    assert (signed_in.user.display_name, signed_in.user.department) == ("情報 窓口", "情報政策課")
    assert signed_in.user.groups == {"it_desk"}
    assert signed_in.user.roles == {Role.TENANT_ADMIN}
    found = await city.signin.authenticate(signed_in.token, from_address(OFFICE))
    assert isinstance(found, Authenticated)
    assert found.user.login == "itdesk"


@pytest.mark.parametrize(
    "login,password,cause",
    [
        ("kamiya", "wrong", "wrong_password"),
        ("nobody", "nobody-secret", "unknown_user"),
        ("disabled", "disabled-secret", "account_disabled"),
        ("double", "double-secret", "ambiguous_user"),
        ("*", "kamiya-secret", "unknown_user"),
    ],
)
async def test_the_desk_sees_what_the_directory_said(city: City, login: str, password: str, cause: str) -> None:
    assert await city.code(await city.pending(login, password), "000000") == Refused(may_retry=True)
    assert await city.causes() == [cause]


async def test_a_directory_that_is_gone_is_said_as_such(sqlite_store: SqlStore, slapd: Slapd) -> None:
    await open_city(sqlite_store)
    settings = slapd.settings(url="ldap://127.0.0.1:9")
    directory = LdapAuthenticator(settings, slapd.service_password, slapd.ca_file)
    city = City(sqlite_store, directory)
    assert await city.password("kamiya", secret_of("kamiya").reveal(), hostname=HOST) == DirectoryDown()
    assert (await city.audit("signin.password_checked"))[0].tenant_id == TENANT
    directory.close()
