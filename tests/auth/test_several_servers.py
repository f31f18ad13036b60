"""A directory on several servers: one that is gone, hangs or lies costs a moment, and the next one answers."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from auth.ldap import LdapAuthenticator
from broker.errors import ConfigurationError
from broker.model.reasons import SigninRefusal
from broker.ports import DirectoryUnavailable, PasswordAccepted, PasswordRejected
from broker.secret import Secret
from tests.auth.authenticator_conformance import secret_of
from tests.auth.test_hostile_directory import (
    Behaviour,
    drip,
    hang_up,
    hostile,
    promise_tls_and_say_nothing,
    say_nothing,
)
from tests.parts.slapd import Slapd

pytestmark = pytest.mark.real

FAILOVER_S = 2.0
"""What the whole change to the next server may cost."""

Dial = Callable[..., LdapAuthenticator]


@pytest.fixture
def dial(slapd: Slapd) -> Iterator[Dial]:
    opened: list[LdapAuthenticator] = []

    def open_one(first: str, *further: str, **changes: object) -> LdapAuthenticator:
        settings = slapd.settings(url=first, further_urls=list(further), **changes)
        opened.append(LdapAuthenticator(settings, slapd.service_password, slapd.ca_file))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def alive(slapd: Slapd) -> str:
    return f"ldap://localhost:{slapd.port}"


@pytest.mark.parametrize("behaviour", [say_nothing, promise_tls_and_say_nothing, drip, hang_up])
async def test_a_server_that_does_not_answer_is_passed_over_within_two_seconds(
    dial: Dial, alive: str, behaviour: Behaviour
) -> None:
    async with hostile(behaviour) as silent:
        authenticator = dial(f"ldap://127.0.0.1:{silent.port}", alive)
        began_s = time.monotonic()
        outcome = await authenticator.verify("yamada", secret_of("yamada"))
        assert isinstance(outcome, PasswordAccepted)
        assert time.monotonic() - began_s < FAILOVER_S


async def test_a_server_that_was_silent_is_asked_last_from_then_on(dial: Dial, alive: str) -> None:
    async with hostile(say_nothing) as silent:
        authenticator = dial(f"ldap://127.0.0.1:{silent.port}", alive)
        await authenticator.verify("yamada", secret_of("yamada"))
        calls = len(silent.calls)
        outcome = await authenticator.verify("kamiya", secret_of("kamiya"))
        assert isinstance(outcome, PasswordAccepted)
        assert len(silent.calls) == calls


async def test_a_crowd_gets_its_answers_though_the_first_server_hangs(dial: Dial, alive: str) -> None:
    async with hostile(say_nothing) as silent:
        authenticator = dial(f"ldap://127.0.0.1:{silent.port}", alive, max_threads=2)
        logins = ["yamada", "kamiya"] * 8
        outcomes = await asyncio.gather(*(authenticator.verify(login, secret_of(login)) for login in logins))
        assert all(isinstance(outcome, PasswordAccepted) for outcome in outcomes)


async def test_a_refusal_of_the_first_server_is_an_answer(dial: Dial, alive: str) -> None:
    async with hostile(say_nothing) as never_asked:
        authenticator = dial(alive, f"ldap://127.0.0.1:{never_asked.port}")
        outcome = await authenticator.verify("yamada", Secret("wrong"))
        assert outcome == PasswordRejected(SigninRefusal.WRONG_PASSWORD)
        assert not never_asked.calls


async def test_when_all_are_gone_each_is_named(dial: Dial) -> None:
    outcome = await dial("ldap://127.0.0.1:9", "ldap://127.0.0.2:9").verify("yamada", secret_of("yamada"))
    assert isinstance(outcome, DirectoryUnavailable)
    assert "127.0.0.1:9" in outcome.detail
    assert "127.0.0.2:9" in outcome.detail


def test_a_server_that_is_listed_twice_stops_the_start(dial: Dial, alive: str) -> None:
    with pytest.raises(ConfigurationError, match="listed twice"):
        dial(alive, alive)
