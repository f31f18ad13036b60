"""One-time codes as the authenticator app shows them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp.totp import TOTP

from auth.totp import TotpFactor
from broker.ports import FactorAccepted, FactorRejected, SecondFactor
from broker.secret import Secret

NOW = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)
STEP = 30
FACTOR: SecondFactor = TotpFactor()
SECRET = Secret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")


def code_at(moment: datetime, secret: Secret = SECRET) -> str:
    return TOTP(secret.reveal()).at(moment)


def test_the_published_values_of_the_standard_hold() -> None:
    """RFC 6238, appendix B, SHA-1, cut to six digits."""
    seed = Secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        moment = datetime.fromtimestamp(seconds, UTC)
        assert FACTOR.verify(seed, code, now=moment) == FactorAccepted(seconds // STEP)


@given(st.integers(-40, 40))
def test_a_code_is_good_for_its_step_and_one_to_each_side(offset: int) -> None:
    outcome = FACTOR.verify(SECRET, code_at(NOW + timedelta(seconds=STEP * offset)), now=NOW)
    present = int(NOW.timestamp()) // STEP
    if abs(offset) <= 1:
        assert outcome == FactorAccepted(present + offset)
    elif abs(offset) <= 10:
        assert outcome == FactorRejected(drift_steps=offset)
    else:
        assert outcome == FactorRejected(drift_steps=None)


@pytest.mark.parametrize("code", ["", "0", "12345", "1234567", "１２３４５６", "abcdef", "\ud800", "-12345"])
def test_what_is_not_a_code_is_rejected(code: str) -> None:
    assert FACTOR.verify(SECRET, code, now=NOW) == FactorRejected()


def test_another_persons_code_is_rejected() -> None:
    assert isinstance(FACTOR.verify(SECRET, code_at(NOW, FACTOR.new_secret()), now=NOW), FactorRejected)


def test_secrets_hold_160_bits_and_never_repeat() -> None:
    made = {FACTOR.new_secret().reveal() for _ in range(100)}
    assert len(made) == 100
    assert all(len(secret) * 5 == 160 for secret in made)


def test_a_short_secret_of_an_older_system_passes_not_even_its_own_code() -> None:
    """120 bits; RFC 4226 (R6) asks for 128 at least."""
    short = Secret("GEZDGNBVGY3TQOJQGEZDGNBV")
    assert FACTOR.verify(short, code_at(NOW, short), now=NOW) == FactorRejected()


@pytest.mark.parametrize("text", ["", "GEZDGNBVGY3TQOJQ", "GEZDGNBVGY3TQOJQGEZDGNBVG", "ABCD-EFGH" * 4])
def test_a_broken_secret_is_a_refusal_and_no_fault(text: str) -> None:
    assert FACTOR.verify(Secret(text), "123456", now=NOW) == FactorRejected()


def test_the_uri_for_the_app_names_city_and_person() -> None:
    uri = FACTOR.provisioning_uri(SECRET, account="山田@demo", issuer="関所")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query) == {"secret": [SECRET.reveal()], "issuer": ["関所"]}
