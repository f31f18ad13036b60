"""Lines that outlive a sign-in: they save work, carry nobody's standing over to the next, and fail nobody when gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from auth.ldap import LdapAuthenticator
from auth.ldap_connection import Line, make_tls_context, parse_url
from auth.ldap_kept import IDLE_S, KeptLines
from broker.model.reasons import SigninRefusal
from broker.ports import PasswordAccepted, PasswordRejected
from tests.auth.authenticator_conformance import secret_of
from tests.auth.relay import Relay, relay_to
from tests.parts.slapd import SERVICE_DN, Slapd

pytestmark = pytest.mark.real


@pytest.fixture
async def relay(slapd: Slapd) -> AsyncIterator[Relay]:
    async with relay_to("127.0.0.1", slapd.tls_port) as relay:
        yield relay


@pytest.fixture
async def authenticator(slapd: Slapd, relay: Relay) -> AsyncIterator[LdapAuthenticator]:
    settings = slapd.settings(url=f"ldaps://127.0.0.1:{relay.port}")
    opened = LdapAuthenticator(settings, slapd.service_password, slapd.ca_file)
    yield opened
    opened.close()


async def test_ten_sign_ins_one_after_another_need_two_lines(relay: Relay, authenticator: LdapAuthenticator) -> None:
    for _ in range(5):
        assert isinstance(await authenticator.verify("kamiya", secret_of("kamiya")), PasswordAccepted)
        assert isinstance(await authenticator.verify("yamada", secret_of("yamada")), PasswordAccepted)
    assert relay.connections == 2


async def test_nobody_stands_on_the_line_for_the_next_one(relay: Relay, authenticator: LdapAuthenticator) -> None:
    """Right, wrong, nobody and right again over the same lines: each is judged by their own bind."""
    for _ in range(3):
        assert isinstance(await authenticator.verify("kamiya", secret_of("kamiya")), PasswordAccepted)
        wrong = await authenticator.verify("yamada", secret_of("kamiya"))
        assert wrong == PasswordRejected(SigninRefusal.WRONG_PASSWORD)
        nobody = await authenticator.verify("nobody", secret_of("kamiya"))
        assert nobody == PasswordRejected(SigninRefusal.UNKNOWN_USER)
        passed = await authenticator.verify("yamada", secret_of("yamada"))
        assert isinstance(passed, PasswordAccepted)
        assert passed.person.login == "yamada"
    assert relay.connections == 2


async def test_people_at_the_same_time_are_told_apart(authenticator: LdapAuthenticator) -> None:
    asked = {"kamiya": "kamiya", "yamada": "yamada", "itdesk": "itdesk", "佐藤": "yamada", "nobody": "kamiya"}
    for _ in range(4):
        questions = (authenticator.verify(login, secret_of(whose)) for login, whose in asked.items())
        outcomes = dict(zip(asked, await asyncio.gather(*questions), strict=True))
        passed = {
            login: outcome.person.login for login, outcome in outcomes.items() if isinstance(outcome, PasswordAccepted)
        }
        assert passed == {"kamiya": "kamiya", "yamada": "yamada", "itdesk": "itdesk"}


async def test_lines_that_the_server_has_closed_fail_nobody(relay: Relay, authenticator: LdapAuthenticator) -> None:
    assert isinstance(await authenticator.verify("kamiya", secret_of("kamiya")), PasswordAccepted)
    for call in relay.calls:
        call.cancel()
    await asyncio.gather(*relay.calls, return_exceptions=True)
    assert isinstance(await authenticator.verify("kamiya", secret_of("kamiya")), PasswordAccepted)
    assert relay.connections == 4


class _Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


async def test_idle_and_old_lines_are_closed_and_no_more_are_kept_than_wanted(slapd: Slapd) -> None:
    clock = _Clock()
    kept = KeptLines(2, clock)
    lines = [_open(slapd) for _ in range(3)]
    for line in lines:
        kept.keep(line)
    assert [line.is_quiet() for line in lines] == [True, True, False]
    assert kept.take() is lines[1]
    kept.keep(lines[1])
    clock.now_s += IDLE_S
    assert not kept.sweep()
    assert not any(line.is_quiet() for line in lines)
    worn = _open(slapd)
    kept.keep(worn)
    for _ in range(40):
        clock.now_s += IDLE_S / 2
        taken = kept.take()
        if taken is None:
            break
        assert taken is worn
        kept.keep(taken)
    assert not worn.is_quiet()


def _open(slapd: Slapd) -> Line:
    address = parse_url(f"ldaps://127.0.0.1:{slapd.tls_port}")
    line = Line(address, make_tls_context(slapd.ca_file), connect_timeout_s=5, operation_timeout_s=5)
    line.bind(SERVICE_DN, slapd.service_password)
    return line
