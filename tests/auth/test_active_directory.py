"""Sign-in against a real domain controller, over LDAPS and over StartTLS."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from auth.ldap import LdapAuthenticator
from broker.model.reasons import SigninRefusal
from broker.ports import DirectoryUnavailable, PasswordAccepted, PasswordRejected, PersonGone, PersonStands
from broker.secret import Secret
from tests.auth.authenticator_conformance import AuthenticatorConformance, Known, secret_of
from tests.auth.mapping_conformance import MappingConformance
from tests.parts.samba import (
    BASE,
    GROUPS,
    LOCKOUT_THRESHOLD,
    DomainController,
    change_account,
    guess_elsewhere,
    read_account,
)

pytestmark = pytest.mark.real

Dial = Callable[..., LdapAuthenticator]


@pytest.fixture
def dial(controller: DomainController) -> Iterator[Dial]:
    opened: list[LdapAuthenticator] = []

    def open_one(**changes: object) -> LdapAuthenticator:
        settings = controller.settings(**changes)
        opened.append(LdapAuthenticator(settings, controller.service_password, controller.ca_file))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


class TestLdaps(AuthenticatorConformance):
    @pytest.fixture
    def directory(self, dial: Dial) -> Known:
        return Known(authenticator=dial())


class TestStartTls(AuthenticatorConformance):
    @pytest.fixture
    def directory(self, dial: Dial, controller: DomainController) -> Known:
        return Known(authenticator=dial(url=f"ldap://{controller.address}"))


class TestMapping(MappingConformance):
    pass


async def groups_of(authenticator: LdapAuthenticator, login: str) -> frozenset[str]:
    outcome = await authenticator.verify(login, secret_of(login.partition("@")[0]))
    assert isinstance(outcome, PasswordAccepted)
    return outcome.person.groups


async def test_the_name_with_the_domain_is_the_same_person(dial: Dial) -> None:
    outcome = await dial().verify("yamada@city.example.jp", secret_of("yamada"))
    assert isinstance(outcome, PasswordAccepted)
    assert outcome.person.login == "yamada"


async def test_a_login_in_japanese_works(dial: Dial) -> None:
    outcome = await dial().verify("佐藤", secret_of("佐藤"))
    assert isinstance(outcome, PasswordAccepted)
    assert outcome.person.display_name == "佐藤 花子"


async def test_groups_in_groups_count_when_they_lie_below_the_base(dial: Dial) -> None:
    """内側 lies elsewhere and does not count itself; the groups that hold it do."""
    assert await groups_of(dial(), "nested") == {"中間", "全庁"}


async def test_the_primary_group_counts_and_so_do_the_groups_that_hold_it(dial: Dial) -> None:
    assert await groups_of(dial(), "佐藤") == {"主グループ", "主の親"}


async def test_a_primary_group_elsewhere_does_not_count_itself(dial: Dial) -> None:
    """Everybody's first primary group is Domain Users."""
    assert await groups_of(dial(), "yamada") == {"telework", "所属長"}
    assert "Domain Users" in await groups_of(dial(group_base=BASE), "yamada")


@pytest.mark.parametrize(
    "login, cause",
    [
        ("disabled", SigninRefusal.ACCOUNT_DISABLED),
        ("expired", SigninRefusal.ACCOUNT_EXPIRED),
    ],
)
async def test_the_desk_is_told_why_a_right_password_was_refused(dial: Dial, login: str, cause: SigninRefusal) -> None:
    outcome = await dial().verify(login, secret_of(login))
    assert outcome == PasswordRejected(cause)


async def test_an_account_that_the_directory_locked_is_told(dial: Dial, controller: DomainController) -> None:
    guess_elsewhere(controller, "lockable", LOCKOUT_THRESHOLD)
    outcome = await dial().verify("lockable", secret_of("lockable"))
    assert outcome == PasswordRejected(SigninRefusal.DIRECTORY_LOCKED)


async def test_a_flood_of_guesses_under_every_name_never_locks_an_account(
    dial: Dial, controller: DomainController
) -> None:
    """Strangers stop earlier than its owner, whose browser is known: they get in while the flood goes on."""
    directory = dial()
    names = ["guarded", "guarded@city.example.jp", "GUARDED", "Guarded@CITY.example.jp"]
    causes: set[SigninRefusal] = set()
    for turn in range(4):
        told = await asyncio.gather(*(directory.verify(name, Secret(f"guess{turn}")) for name in names * 3))
        causes |= {outcome.cause for outcome in told if isinstance(outcome, PasswordRejected)}
    assert causes == {SigninRefusal.WRONG_PASSWORD, SigninRefusal.LOCKOUT_NEAR}
    assert int(read_account(controller, "guarded", "badPwdCount")) == LOCKOUT_THRESHOLD - 1 - 3
    stranger = await directory.verify("guarded", secret_of("guarded"))
    assert stranger == PasswordRejected(SigninRefusal.LOCKOUT_NEAR)
    assert isinstance(await directory.verify("guarded", secret_of("guarded"), is_known=True), PasswordAccepted)
    # Its own sign-in made the directory forget; nobody can bring it to its lock, from anywhere.
    for turn in range(2 * LOCKOUT_THRESHOLD):
        await directory.verify("guarded", Secret("guess"), is_known=turn % 2 == 0)
    assert int(read_account(controller, "guarded", "badPwdCount")) == LOCKOUT_THRESHOLD - 1
    assert read_account(controller, "guarded", "lockoutTime") in {"", "0"}


async def test_failures_elsewhere_count_and_a_hand_of_the_domain_frees_at_once(
    dial: Dial, controller: DomainController
) -> None:
    guess_elsewhere(controller, "watched", LOCKOUT_THRESHOLD - 1)
    refused = await dial().verify("watched", secret_of("watched"), is_known=True)
    assert refused == PasswordRejected(SigninRefusal.LOCKOUT_NEAR)
    change_account(controller, "watched", lockoutTime="0")
    assert isinstance(await dial().verify("watched", secret_of("watched")), PasswordAccepted)


async def test_a_refused_service_account_is_said_as_the_directory_failing(dial: Dial) -> None:
    outcome = await dial(bind_dn=f"CN=nobody,{GROUPS}").verify("yamada", secret_of("yamada"))
    assert isinstance(outcome, DirectoryUnavailable)
    assert "service account" in outcome.detail


async def test_a_computer_is_nobody(dial: Dial) -> None:
    outcome = await dial(user_base=BASE).verify("DC1$", Secret("anything"))
    assert outcome == PasswordRejected(SigninRefusal.UNKNOWN_USER)


async def test_an_account_that_has_ended_is_gone_and_one_with_an_old_password_is_not(dial: Dial) -> None:
    found = await dial().look_up(["expired", "mustchange"])
    assert isinstance(found, dict)
    assert found["expired"] == PersonGone(SigninRefusal.ACCOUNT_EXPIRED)
    assert isinstance(found["mustchange"], PersonStands)
