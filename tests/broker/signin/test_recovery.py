"""The day on which the phone is lost: recovery codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.ids import TenantId, UserId
from broker.secret import SealingKey
from broker.signin.records import Refused, SignedIn
from broker.signin.recovery import hash_code, new_codes, read_code, write_code
from tests.broker.signin.city import City

numbers = st.integers(0, 2**60 - 1)


async def test_a_recovery_code_opens_the_door_once(city: City) -> None:
    await city.enrol()
    code = city.recovery_codes[3]
    outcome = await city.code(await city.pending(), code)
    assert isinstance(outcome, SignedIn)
    assert outcome.used_recovery_code
    assert outcome.session.factor == "recovery_code"
    assert (await city.audit("recovery_code.used"))[0].detail == {"left": "9"}
    assert await city.code(await city.pending(), code) == Refused(may_retry=True)
    assert await city.causes() == ["recovery_code_unknown"]


async def test_it_may_be_typed_carelessly(city: City) -> None:
    await city.enrol()
    typed = city.recovery_codes[0].lower().replace("-", "ー").replace("0", "o").replace("1", "l")
    assert isinstance(await city.code(await city.pending(), f" {typed}　"), SignedIn)


async def test_somebody_elses_code_is_worth_nothing(city: City) -> None:
    await city.enrol("suzuki")
    foreign = city.recovery_codes
    await city.enrol("yamada")
    assert isinstance(await city.code(await city.pending("yamada"), foreign[0]), Refused)
    assert isinstance(await city.code(await city.pending("suzuki"), foreign[0]), SignedIn)


async def test_the_app_still_works_after_a_recovery_code(city: City) -> None:
    await city.enrol()
    await city.code(await city.pending(), city.recovery_codes[0])
    assert (await city.sign_in()).session.factor == "totp"


@given(numbers)
def test_what_is_written_is_read(number: int) -> None:
    written = write_code(number)
    plain = read_code(written)
    assert plain == written.replace("-", "")
    assert read_code(written.lower().replace("-", " ")) == plain
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in written)
    assert read_code(wide) == plain


@given(numbers, numbers)
def test_different_numbers_are_different_codes(one: int, other: int) -> None:
    assert (write_code(one) == write_code(other)) == (one == other)


@pytest.mark.parametrize(
    "typed", ["", "123456", "ABCD-EFGH-JKM", "ABCD-EFGH-JKMNP", "UUUU-UUUU-UUUU", "あ" * 12, "\0" * 12]
)
def test_what_has_not_the_form_is_no_recovery_code(typed: str) -> None:
    assert read_code(typed) is None


def test_codes_are_not_repeated() -> None:
    assert len({code for _ in range(100) for code in new_codes()}) == 1000


def test_a_hash_belongs_to_one_person_of_one_city_under_one_key() -> None:
    key, other = SealingKey(b"\x01" * 32), SealingKey(b"\x02" * 32)
    hashes = {
        hash_code(sealing, TenantId(tenant), UserId(user), plain)
        for sealing in (key, other)
        for tenant in ("a", "b")
        for user in ("x", "y")
        for plain in ("AAAABBBBCCCC", "AAAABBBBCCCD")
    }
    assert len(hashes) == 16
