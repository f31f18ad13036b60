"""A directory with password policies is never brought to lock an account from here."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from auth.ldap import LdapAuthenticator
from auth.ldap_connection import Entry
from auth.ldap_lockout import Count, Reckoning, count_failures, limit_of
from broker.model.kinds import DirectoryKind
from broker.model.passwords import LockoutPolicy
from broker.model.reasons import SigninRefusal
from broker.ports import OldPasswordRefused, PasswordAccepted, PasswordRejected
from broker.secret import Secret
from tests.auth.authenticator_conformance import secret_of
from tests.parts.slapd import MAX_FAILURES, Slapd

NEAR = PasswordRejected(SigninRefusal.LOCKOUT_NEAR)
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def directory(slapd: Slapd) -> Iterator[LdapAuthenticator]:
    opened = LdapAuthenticator(slapd.settings(), slapd.service_password, slapd.ca_file)
    yield opened
    opened.close()


@pytest.mark.real
async def test_a_flood_of_guesses_never_locks_an_account(directory: LdapAuthenticator) -> None:
    guesses = [directory.verify("flooded", Secret(f"guess{number}")) for number in range(40)]
    told = await asyncio.gather(*guesses)
    wrong = [outcome for outcome in told if outcome == PasswordRejected(SigninRefusal.WRONG_PASSWORD)]
    assert len(wrong) == MAX_FAILURES - 1 - 2
    assert await directory.verify("flooded", secret_of("flooded")) == NEAR
    assert isinstance(await directory.verify("flooded", secret_of("flooded"), is_known=True), PasswordAccepted)
    for _ in range(2 * MAX_FAILURES):
        await directory.verify("flooded", Secret("guess"), is_known=True)
    # Not locked: that would be told as such.
    assert await directory.verify("flooded", secret_of("flooded"), is_known=True) == NEAR
    refused = await directory.change_password("flooded", Secret("guess"), Secret("港の灯台-2027-ひらく"))
    assert refused == OldPasswordRefused(SigninRefusal.LOCKOUT_NEAR)


@pytest.mark.real
async def test_an_account_that_is_locked_is_told_as_such(directory: LdapAuthenticator) -> None:
    outcome = await directory.verify("lockedout", secret_of("lockedout"))
    assert outcome == PasswordRejected(SigninRefusal.DIRECTORY_LOCKED)


@pytest.mark.real
async def test_a_directory_that_hides_its_rules_is_taken_as_the_settings_say(slapd: Slapd) -> None:
    hidden = LdapAuthenticator(slapd.settings(user_base="ou=people,dc=nowhere"), slapd.service_password, slapd.ca_file)
    policy = await hidden.read_lockout()
    hidden.close()
    assert policy == LockoutPolicy(threshold=None, window_s=0)
    assert limit_of(policy, 0, is_known=False) is None
    assert limit_of(policy, 10, is_known=False) == 6
    # A hidden rule that is stricter than the one that is told counts.
    assert limit_of(LockoutPolicy(threshold=20, window_s=600), 5, is_known=True) == 4


@pytest.mark.parametrize("threshold", range(2, 30))
def test_whatever_the_threshold_nobody_reaches_it_and_strangers_stop_first(threshold: int) -> None:
    policy = LockoutPolicy(threshold=threshold, window_s=600)
    known, stranger = limit_of(policy, 0, is_known=True), limit_of(policy, 0, is_known=False)
    assert known is not None
    assert stranger is not None
    assert 1 <= stranger <= known < threshold
    if threshold > 2:
        assert stranger < known


def test_an_old_count_of_a_domain_controller_counts_no_more() -> None:
    def entry(minutes_ago: int) -> Entry:
        ticks = (int(NOW.timestamp()) - 60 * minutes_ago + 11_644_473_600) * 10_000_000
        return Entry("cn=x", {"badpwdcount": ("7",), "badpasswordtime": (str(ticks),)})

    kind = DirectoryKind.ACTIVE_DIRECTORY
    assert count_failures(entry(29), kind, 1800, NOW) == Count(7, is_told=True)
    assert count_failures(entry(31), kind, 1800, NOW) == Count(0, is_told=True)


def test_a_directory_that_hides_its_count_is_taken_at_ours() -> None:
    reckoning = Reckoning()
    hidden = Count(0, is_told=False)

    def try_one(*, limit: int = 3) -> bool:
        return reckoning.may_try("cn=x", hidden, limit, read_s=0.0, window_s=600)

    for _ in range(3):
        assert try_one()
        reckoning.end("CN=X", has_failed=True)
    assert not try_one()
    assert try_one(limit=4)
    reckoning.end("cn=x", has_failed=False, has_passed=True)
    assert try_one()
