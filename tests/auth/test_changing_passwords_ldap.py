"""Passwords changed by their owners on a real OpenLDAP with password policies."""

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
from tests.auth.authenticator_conformance import secret_of
from tests.parts.slapd import MAX_FAILURES, Slapd

pytestmark = pytest.mark.real

GOOD = Secret("港の灯台-2027-ひらく")
BETTER = Secret("copper orchard 84")


@pytest.fixture
def directory(slapd: Slapd) -> Iterator[LdapAuthenticator]:
    opened = LdapAuthenticator(slapd.settings(), slapd.service_password, slapd.ca_file)
    yield opened
    opened.close()


async def test_a_reset_password_gets_nobody_in_and_can_be_changed_by_its_owner(directory: LdapAuthenticator) -> None:
    reset = await directory.verify("mustchange", secret_of("mustchange"))
    assert isinstance(reset, PasswordAccepted)
    assert reset.must_change
    assert await directory.verify("mustchange", Secret("guess")) == PasswordRejected(SigninRefusal.WRONG_PASSWORD)

    short = await directory.change_password("mustchange", secret_of("mustchange"), Secret("short"))
    assert short == NewPasswordRefused(NewPasswordFault.TOO_SHORT)
    wrong = await directory.change_password("mustchange", Secret("guess"), GOOD)
    assert wrong == OldPasswordRefused(SigninRefusal.WRONG_PASSWORD)
    assert await directory.change_password("mustchange", secret_of("mustchange"), GOOD) == PasswordChanged()

    entered = await directory.verify("mustchange", GOOD)
    assert isinstance(entered, PasswordAccepted)
    assert not entered.must_change
    assert await directory.change_password("mustchange", GOOD, BETTER) == PasswordChanged()
    again = await directory.change_password("mustchange", BETTER, GOOD)
    assert again == NewPasswordRefused(NewPasswordFault.USED_BEFORE)


async def test_a_password_in_its_days_of_grace_has_to_be_changed(directory: LdapAuthenticator) -> None:
    late = await directory.verify("ranout", secret_of("ranout"))
    assert isinstance(late, PasswordAccepted)
    assert late.must_change
    assert await directory.change_password("ranout", secret_of("ranout"), GOOD) == PasswordChanged()
    entered = await directory.verify("ranout", GOOD)
    assert isinstance(entered, PasswordAccepted)
    assert not entered.must_change


async def test_a_policy_that_wants_the_old_password_again_gets_it(directory: LdapAuthenticator) -> None:
    assert await directory.change_password("careful", secret_of("careful"), GOOD) == PasswordChanged()
    assert isinstance(await directory.verify("careful", GOOD), PasswordAccepted)


async def test_a_password_has_to_be_kept_for_its_least_age(directory: LdapAuthenticator) -> None:
    refused = await directory.change_password("young", secret_of("young"), GOOD)
    assert refused == NewPasswordRefused(NewPasswordFault.TOO_YOUNG)


async def test_the_end_of_a_password_is_told_beforehand(directory: LdapAuthenticator) -> None:
    entered = await directory.verify("guarded", secret_of("guarded"))
    assert isinstance(entered, PasswordAccepted)
    assert entered.ends_at is not None
    left = entered.ends_at - datetime.now(UTC)
    assert timedelta(days=4) < left <= timedelta(days=5)
    settled = await directory.verify("yamada", secret_of("yamada"))
    assert isinstance(settled, PasswordAccepted)
    assert settled.ends_at is None


async def test_the_rules_can_be_read_and_so_can_the_lock(directory: LdapAuthenticator) -> None:
    policy = await directory.read_policy("young")
    assert policy == PasswordPolicy(min_length=10, history=3, min_age_s=86_400, max_age_s=864_000)
    # Of somebody without rules of their own nothing tells which of the two would hold.
    assert await directory.read_policy("yamada") == PasswordPolicy()
    assert await directory.read_lockout() == LockoutPolicy(threshold=MAX_FAILURES, window_s=600)
