"""What people type, whatever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.ids import TenantId
from broker.model.text import clean_text
from broker.secret import Secret
from broker.signin.inputs import (
    MAX_LOGIN,
    MAX_PASSWORD,
    account_name,
    address_group,
    clean_login,
    read_totp_code,
    refuse_login,
    refuse_password,
)

anything = st.text(st.characters())
TENANT = TenantId("demo")


@given(anything)
def test_a_login_that_passes_is_kept_exactly(login: str) -> None:
    if refuse_login(login) is None:
        assert clean_login(login) == login
        assert "\0" not in login
        assert len(login) <= MAX_LOGIN


@given(anything)
def test_whatever_was_typed_the_store_can_hold_it(typed: str) -> None:
    for kept in (clean_login(typed), account_name(TENANT, typed), clean_text(typed, 50)):
        kept.encode()
        assert "\0" not in kept
        assert len(kept) < 256


@given(st.from_regex(r"[a-z0-9._@\\-]{1,40}", fullmatch=True))
def test_case_and_width_share_one_throttle(login: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in login)
    assert account_name(TENANT, login) == account_name(TENANT, login.upper()) == account_name(TENANT, wide)


@given(anything)
def test_a_password_that_passes_has_something_in_it(typed: str) -> None:
    if refuse_password(Secret(typed)) is None:
        assert 0 < len(typed) <= MAX_PASSWORD
        typed.encode()
        assert "\0" not in typed


@given(st.integers(0, 999_999), st.sampled_from([0, 0xFEE0]), st.sampled_from(["", " ", "　", "-", "ー", "－"]))
def test_a_code_is_read_in_any_width_with_any_gap(number: int, shift: int, gap: str) -> None:
    code = f"{number:06}"
    typed = "".join(chr(ord(digit) + shift) for digit in code)
    assert read_totp_code(f" {typed[:3]}{gap}{typed[3:]} ") == code


@given(anything)
def test_a_code_that_is_read_is_six_ascii_digits(typed: str) -> None:
    code = read_totp_code(typed)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdigit())


@pytest.mark.parametrize(
    "address,group",
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:0DB8:0:0:ffff::9", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("not an\u200b address", "not an address"),
    ],
)
def test_an_address_counts_as_what_one_host_has(address: str, group: str) -> None:
    assert address_group(address) == group
