"""Passwords changed by proof of the old one, on a real domain controller with a service account without rights."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from auth.ldap import LdapAuthenticator
from broker.model.passwords import LockoutPolicy, NewPasswordFault, PasswordPolicy
from broker.model.reasons import SigninRefusal
from broker.ports import (
    NewPasswordRefused,
    OldPasswordRefused,
    PasswordAccepted,
    PasswordChanged,
    PasswordRejected,
)
from broker.secret import Secret
from tests.parts.samba import DomainController, add_person, change_account, run_samba, set_password_rules

pytestmark = pytest.mark.real

GOOD = Secret("Harbour-Lantern-27")
BETTER = Secret("Copper-Orchard-84")
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DomainController]:
    with run_samba(tmp_path_factory.mktemp("samba")) as running:
        for login in ("told", "swap", "wrong", "aged"):
            add_person(running, login, f"{login}-Secret-1", userAccountControl="512", pwdLastSet="0")
        add_person(running, "settled", "settled-Secret-1")
        add_person(running, "shut", "shut-Secret-1", pwdLastSet="0")
        change_account(running, "shut", userAccountControl="514")
        set_password_rules(running, "--complexity=on", "--min-pwd-length=12", "--history-length=3", "--min-pwd-age=1")
        yield running


@pytest.fixture
def directory(controller: DomainController) -> Iterator[LdapAuthenticator]:
    opened = LdapAuthenticator(controller.settings(), controller.service_password, controller.ca_file)
    yield opened
    opened.close()


def first_secret(login: str) -> Secret:
    return Secret(f"{login}-Secret-1")


async def test_only_the_right_password_tells_that_it_has_to_be_changed(directory: LdapAuthenticator) -> None:
    right = await directory.verify("told", first_secret("told"))
    assert isinstance(right, PasswordAccepted)
    assert (right.must_change, right.person.login) == (True, "told")
    assert await directory.verify("told", Secret("guess")) == PasswordRejected(SigninRefusal.WRONG_PASSWORD)


@pytest.mark.parametrize(
    "new, fault",
    [
        ("Short-1", NewPasswordFault.TOO_SHORT),
        ("onlysmallletters", NewPasswordFault.TOO_SIMPLE),
    ],
)
async def test_the_rules_of_the_domain_are_told_by_name(
    directory: LdapAuthenticator, new: str, fault: NewPasswordFault
) -> None:
    assert await directory.change_password("told", first_secret("told"), Secret(new)) == NewPasswordRefused(fault)


async def test_a_new_password_counts_at_once_and_the_old_one_no_more(directory: LdapAuthenticator) -> None:
    assert await directory.change_password("swap", first_secret("swap"), GOOD) == PasswordChanged()
    entered = await directory.verify("swap", GOOD)
    assert isinstance(entered, PasswordAccepted)
    assert not entered.must_change
    assert await directory.verify("swap", first_secret("swap")) == PasswordRejected(SigninRefusal.WRONG_PASSWORD)
    # From now on the least age holds, as for everybody.
    refused = await directory.change_password("swap", GOOD, BETTER)
    assert refused == NewPasswordRefused(NewPasswordFault.TOO_YOUNG)


async def test_old_passwords_are_not_taken_again(directory: LdapAuthenticator, controller: DomainController) -> None:
    set_password_rules(controller, "--min-pwd-age=0")
    for old, new in ((first_secret("aged"), GOOD), (GOOD, BETTER)):
        assert await directory.change_password("aged", old, new) == PasswordChanged()
    again = await directory.change_password("aged", BETTER, GOOD)
    assert again == NewPasswordRefused(NewPasswordFault.USED_BEFORE)
    set_password_rules(controller, "--min-pwd-age=1")


async def test_without_the_old_password_nothing_changes(directory: LdapAuthenticator) -> None:
    refused = await directory.change_password("wrong", Secret("guess"), GOOD)
    assert refused == OldPasswordRefused(SigninRefusal.WRONG_PASSWORD)
    assert isinstance(await directory.verify("wrong", first_secret("wrong")), PasswordAccepted)


async def test_an_account_that_is_shut_gets_no_new_password(directory: LdapAuthenticator) -> None:
    refused = await directory.change_password("shut", first_secret("shut"), GOOD)
    assert refused == OldPasswordRefused(SigninRefusal.ACCOUNT_DISABLED)
    assert await directory.verify("shut", first_secret("shut")) == PasswordRejected(SigninRefusal.ACCOUNT_DISABLED)


async def test_a_password_that_nobody_can_type_is_not_sent(directory: LdapAuthenticator) -> None:
    refused = await directory.change_password("wrong", first_secret("wrong"), Secret("Harbour\0Lantern-27"))
    assert refused == OldPasswordRefused(SigninRefusal.WRONG_PASSWORD)


async def test_the_rules_can_be_read_and_so_can_the_lock(directory: LdapAuthenticator) -> None:
    policy = await directory.read_policy("told")
    assert policy == PasswordPolicy(min_length=12, history=3, min_age_s=86_400, max_age_s=42 * 86_400, needs_kinds=True)
    assert await directory.read_lockout() == LockoutPolicy(threshold=12, window_s=1800)


async def test_the_end_of_a_password_is_told_beforehand(directory: LdapAuthenticator) -> None:
    entered = await directory.verify("swap", GOOD)
    assert isinstance(entered, PasswordAccepted)
    assert entered.ends_at is not None
    assert abs(entered.ends_at - datetime.now(UTC) - 42 * DAY) < DAY
    never = await directory.verify("settled", first_secret("settled"))
    assert isinstance(never, PasswordAccepted)
    assert never.ends_at is None


async def test_a_password_that_has_run_out_is_changed_the_same_way(
    directory: LdapAuthenticator, controller: DomainController
) -> None:
    """``data 532``: the domain gives passwords a life of a day, and this one is older."""
    add_person(controller, "late", "late-Secret-12", userAccountControl="512", pwdLastSet="0")
    outcome = await directory.verify("late", Secret("late-Secret-12"))
    assert isinstance(outcome, PasswordAccepted)
    assert outcome.must_change
    assert await directory.change_password("late", Secret("late-Secret-12"), GOOD) == PasswordChanged()
