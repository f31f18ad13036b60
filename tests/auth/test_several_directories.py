"""A tenant with two directories: whose a name is, and what one of them being gone or slow means for the other."""

import asyncio
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from auth.directories import TenantDirectories
from auth.ldap import LdapAuthenticator
from broker.directory_settings import LdapSettings
from broker.model.kinds import SameLogin
from broker.model.reasons import SigninRefusal
from broker.ports import DirectoryUnavailable, PasswordAccepted, PasswordRejected, PersonGone, PersonStands
from broker.secret import Secret
from tests.auth.authenticator_conformance import secret_of
from tests.auth.test_hostile_directory import hostile, say_nothing
from tests.parts.slapd import SUFFIX, Slapd

pytestmark = pytest.mark.real

SCHOOL_SECRET = Secret("school-secret")
AT_SCHOOL = ["{login}@edu.hinode.example", "EDU\\{login}"]

Dial = Callable[..., TenantDirectories]


@pytest.fixture
def city(slapd: Slapd) -> LdapSettings:
    return slapd.settings(id="city")


@pytest.fixture
def schools(slapd: Slapd) -> LdapSettings:
    return slapd.settings(id="schools", user_base=f"ou=schools,{SUFFIX}")


@pytest.fixture
def dial(slapd: Slapd) -> Iterator[Dial]:
    opened: list[TenantDirectories] = []

    def open_all(*directories: LdapSettings, same_login: SameLogin = SameLogin.REFUSE) -> TenantDirectories:
        parts = [LdapAuthenticator(each, slapd.service_password, slapd.ca_file) for each in directories]
        opened.append(TenantDirectories(parts, [each.login_forms for each in directories], same_login))
        return opened[-1]

    yield open_all
    for each in opened:
        each.close()


def changed(settings: LdapSettings, **changes: object) -> LdapSettings:
    return msgspec.structs.replace(settings, **changes)


async def login_of(directories: TenantDirectories, typed: str, password: Secret) -> str:
    outcome = await directories.verify(typed, password)
    assert isinstance(outcome, PasswordAccepted)
    return f"{outcome.person.login} {outcome.person.display_name}"


async def test_the_form_of_a_name_decides_whose_it_is(dial: Dial, city: LdapSettings, schools: LdapSettings) -> None:
    both = dial(city, changed(schools, login_forms=AT_SCHOOL))
    assert await login_of(both, "yamada", secret_of("yamada")) == "yamada 山田 太郎"
    for typed in ("yamada@edu.hinode.example", "EDU\\yamada", "yamada@EDU.hinode.example"):
        # Everywhere else they are known by the first form: two people never become one.
        assert await login_of(both, typed, SCHOOL_SECRET) == "yamada@edu.hinode.example 山田 小太郎"
    assert await both.verify("yamada", SCHOOL_SECRET) == PasswordRejected(SigninRefusal.WRONG_PASSWORD)


async def test_without_forms_each_name_is_looked_for_in_all(
    dial: Dial, city: LdapSettings, schools: LdapSettings
) -> None:
    both = dial(city, schools)
    assert await login_of(both, "kamiya", secret_of("kamiya")) == "kamiya 神谷 髙志"
    assert await login_of(both, "sensei", secret_of("sensei")) == "sensei 先生 一"
    assert await both.verify("nobody", secret_of("nobody")) == PasswordRejected(SigninRefusal.UNKNOWN_USER)


@pytest.mark.parametrize("password", [secret_of("yamada"), SCHOOL_SECRET, Secret("wrong")])
async def test_a_name_that_two_have_is_nobodys(
    dial: Dial, city: LdapSettings, schools: LdapSettings, password: Secret
) -> None:
    outcome = await dial(city, schools).verify("yamada", password)
    assert outcome == PasswordRejected(SigninRefusal.SEVERAL_DIRECTORIES)


async def test_by_rule_it_is_the_first_ones_and_the_second_never_sees_the_password(
    dial: Dial, city: LdapSettings, schools: LdapSettings
) -> None:
    both = dial(city, schools, same_login=SameLogin.FIRST)
    assert await login_of(both, "yamada", secret_of("yamada")) == "yamada 山田 太郎"
    assert await both.verify("yamada", SCHOOL_SECRET) == PasswordRejected(SigninRefusal.WRONG_PASSWORD)
    assert await login_of(both, "sensei", secret_of("sensei")) == "sensei 先生 一"


async def test_who_is_found_by_another_name_is_not_taken_for_a_namesake(
    dial: Dial, city: LdapSettings, schools: LdapSettings
) -> None:
    """A mail address or UPN is one person's alone; the login behind it may be another's too."""
    found_by_mail = changed(schools, user_filter="(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))")
    for same_login in SameLogin:
        both = dial(city, found_by_mail, same_login=same_login)
        outcome = await both.verify("yamada.of.the.school@city.example.jp", SCHOOL_SECRET)
        assert outcome == PasswordRejected(SigninRefusal.SEVERAL_DIRECTORIES)
        typed = "sensei.of.the.school@city.example.jp"
        assert await login_of(both, typed, secret_of("sensei")) == "sensei 先生 一"


async def test_a_directory_that_hangs_takes_only_the_names_that_may_be_its_own(
    dial: Dial, city: LdapSettings, schools: LdapSettings
) -> None:
    async with hostile(say_nothing) as silent:
        hung = changed(schools, url=f"ldap://127.0.0.1:{silent.port}", connect_timeout_s=0.2, operation_timeout_s=0.4)
        by_form = dial(city, changed(hung, login_forms=AT_SCHOOL))
        waiting = asyncio.create_task(by_form.verify("yamada@edu.hinode.example", SCHOOL_SECRET))
        began_s = time.monotonic()
        assert await login_of(by_form, "yamada", secret_of("yamada")) == "yamada 山田 太郎"
        assert time.monotonic() - began_s < 0.4
        assert isinstance(await waiting, DirectoryUnavailable)
        # Whether the other one has a kamiya as well can't be told, unless the rule says that it does not matter.
        shared = await dial(city, hung).verify("kamiya", secret_of("kamiya"))
        assert isinstance(shared, DirectoryUnavailable)
        assert shared.detail.startswith("schools: ")
        first = dial(city, hung, same_login=SameLogin.FIRST)
        assert await login_of(first, "kamiya", secret_of("kamiya")) == "kamiya 神谷 髙志"
        # Never the second while the first, which may have refused, is silent.
        second = dial(hung, city, same_login=SameLogin.FIRST)
        assert isinstance(await second.verify("kamiya", secret_of("kamiya")), DirectoryUnavailable)


async def test_people_are_looked_up_where_they_are_known(dial: Dial, city: LdapSettings, schools: LdapSettings) -> None:
    both = dial(city, changed(schools, login_forms=AT_SCHOOL))
    found = await both.look_up(["yamada", "disabled", "yamada@edu.hinode.example", "nobody@edu.hinode.example"])
    assert isinstance(found, dict)
    names = {
        login: standing.person.display_name for login, standing in found.items() if isinstance(standing, PersonStands)
    }
    assert names == {"yamada": "山田 太郎", "yamada@edu.hinode.example": "山田 小太郎"}
    assert found["disabled"] == PersonGone(SigninRefusal.ACCOUNT_DISABLED)
    assert found["nobody@edu.hinode.example"] == PersonGone(SigninRefusal.UNKNOWN_USER)


async def test_of_whom_a_silent_directory_may_know_there_is_no_word(
    dial: Dial, city: LdapSettings, schools: LdapSettings
) -> None:
    gone = changed(schools, url="ldap://127.0.0.1:9")
    by_form = await dial(city, changed(gone, login_forms=AT_SCHOOL)).look_up(["disabled", "yamada@edu.hinode.example"])
    assert by_form == {"disabled": PersonGone(SigninRefusal.ACCOUNT_DISABLED)}
    assert await dial(city, gone).look_up(["yamada", "nobody"]) == {}
    assert isinstance(await dial(gone).look_up(["yamada"]), DirectoryUnavailable)
