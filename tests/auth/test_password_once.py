"""A wrong password counts once in the directory's own lock, whatever its servers do meanwhile."""

import time
from collections.abc import Callable, Iterator

import pytest

from auth.ldap import LdapAuthenticator
from auth.ldap_connection import Line, make_tls_context, parse_url
from broker.model.reasons import SigninRefusal
from broker.ports import DirectoryUnavailable, PasswordAccepted, PasswordRejected
from broker.secret import Secret
from tests.auth.authenticator_conformance import secret_of
from tests.auth.relay import Relay, relay_to
from tests.parts.samba import PEOPLE, DomainController

pytestmark = pytest.mark.real

FAILOVER_S = 0.4
OPERATION_S = 2.0
WITHIN_S = 2.0
"""What the whole change to the next server may cost."""

Dial = Callable[..., LdapAuthenticator]


@pytest.fixture
def dial(controller: DomainController) -> Iterator[Dial]:
    opened: list[LdapAuthenticator] = []

    def open_one(relay: Relay, second: Relay | None = None) -> LdapAuthenticator:
        settings = controller.settings(
            url=f"ldaps://{controller.address}:{relay.port}",
            further_urls=[f"ldaps://{controller.address}:{second.port if second else 636}"],
            failover_s=FAILOVER_S,
            connect_timeout_s=1.0,
            operation_timeout_s=OPERATION_S,
        )
        opened.append(LdapAuthenticator(settings, controller.service_password, controller.ca_file))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def count_failures(controller: DomainController) -> int:
    """As the domain counts them for somebody whom these tests alone refuse."""
    context = make_tls_context(controller.ca_file)
    address = parse_url(f"ldaps://{controller.address}")
    line = Line(address, context, connect_timeout_s=5, operation_timeout_s=5)
    try:
        line.bind(f"CN=sekisho,{PEOPLE}", controller.service_password)
        _, found = line.search(PEOPLE, "(sAMAccountName=counted)", ["badPwdCount"], limit=1)
    finally:
        line.close()
    return int(found[0].first("badPwdCount") or "0")


async def reset(authenticator: LdapAuthenticator) -> None:
    assert isinstance(await authenticator.verify("counted", secret_of("counted")), PasswordAccepted)


async def test_a_server_that_is_slow_and_the_next_one_are_never_both_given_the_password(
    controller: DomainController, dial: Dial
) -> None:
    """The first is so slow that the next one is asked. That one has the password first, and is slow to answer: the
    first comes to the password as well meanwhile."""
    async with relay_to(controller.address, 636) as slow, relay_to(controller.address, 636) as late:
        await reset(dial(slow))
        slow.delay_s = 0.1
        late.delay_s, late.delay_from = 0.3, 2
        outcome = await dial(slow, late).verify("counted", Secret("wrong"))
        assert outcome == PasswordRejected(SigninRefusal.WRONG_PASSWORD)
        # Two of the first sign-in that was right; of this one, both servers were asked.
        assert (slow.connections, late.connections) == (4, 2)
    assert count_failures(controller) == 1


@pytest.mark.parametrize("is_cut", [False, True])
async def test_an_answer_that_is_lost_behind_the_password_is_the_directory_failing_and_no_second_try(
    controller: DomainController, dial: Dial, *, is_cut: bool
) -> None:
    """The first connection is the service account's, the second carries the person's password."""
    async with relay_to(controller.address, 636) as relay:
        await reset(dial(relay))
        first = relay.connections + 1
        if is_cut:
            relay.hangs_up_from = first + 1
        else:
            relay.deaf_from = first + 1
        authenticator = dial(relay)
        outcome = await authenticator.verify("counted", Secret("wrong"))
        assert isinstance(outcome, DirectoryUnavailable)
        assert outcome.is_password_sent
        assert count_failures(controller) == 1
        # It rests from now on: the next sign-in is the other one's.
        asked = relay.connections
        began_s = time.monotonic()
        await reset(authenticator)
        assert time.monotonic() - began_s < WITHIN_S
        assert relay.connections == asked


async def test_a_server_that_is_lost_before_the_password_is_passed_over(
    controller: DomainController, dial: Dial
) -> None:
    async with relay_to(controller.address, 636) as relay:
        await reset(dial(relay))
        relay.hangs_up_from = relay.connections + 1
        began_s = time.monotonic()
        outcome = await dial(relay).verify("counted", Secret("wrong"))
        assert outcome == PasswordRejected(SigninRefusal.WRONG_PASSWORD)
        assert time.monotonic() - began_s < WITHIN_S
    assert count_failures(controller) == 1
