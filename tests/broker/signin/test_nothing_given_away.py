"""A stranger at the door learns nothing: not who works here, not whether a password was right."""

from datetime import timedelta

import msgspec
import pytest

from broker.model.kinds import Role
from broker.secret import Secret
from broker.signin.records import NeedFactor, PasswordAttempt, PasswordOutcome, Refused, Throttled
from tests.broker.signin.city import HOME, HOST, OFFICE, City, from_address

CASES = [
    ("yamada", "wrong", "wrong_password"),
    ("nobody", "nobody-secret", "unknown_user"),
    ("left", "left-secret", "account_disabled"),
    ("suzuki", "suzuki-secret", "enrolment_not_allowed_here"),
]


@pytest.mark.parametrize("login,password,cause", CASES)
async def test_every_refusal_looks_the_same_and_the_desk_sees_the_cause(
    city: City, login: str, password: str, cause: str
) -> None:
    await city.enrol()
    outcome = await city.password(login, password)
    assert isinstance(outcome, NeedFactor)
    assert await city.code(outcome.pending, "123456") == Refused(may_retry=True)
    assert await city.causes() == [cause]
    checked = (await city.audit("signin.password_checked"))[0]
    assert (checked.outcome, checked.detail) == ("refused", {"login": login, "cause": cause})


async def test_the_right_code_does_not_make_a_wrong_password_right(city: City) -> None:
    await city.enrol()
    pending = await city.pending("yamada", "wrong")
    assert await city.code(pending, await city.app_code()) == Refused(may_retry=True)
    assert await city.causes() == ["wrong_password"]
    # And the code was not used up by it.
    assert (await city.sign_in()).user.login == "yamada"


async def test_a_recovery_code_does_not_make_a_wrong_password_right(city: City) -> None:
    await city.enrol()
    pending = await city.pending("yamada", "wrong")
    assert isinstance(await city.code(pending, city.recovery_codes[0]), Refused)
    assert await city.causes() == ["wrong_password"]


@pytest.mark.parametrize("login", ["yamada", "nobody"])
async def test_an_empty_password_never_reaches_the_directory(city: City, login: str) -> None:
    attempt = PasswordAttempt(
        hostname=HOST, login=login, password=Secret(""), arrival=from_address(HOME), user_agent=""
    )
    outcome = await city.signin.submit_password(attempt)
    assert isinstance(outcome, NeedFactor)
    assert city.directory.asked == []
    await city.code(outcome.pending, "000000")
    assert await city.causes() == ["empty_password"]


@pytest.mark.parametrize(
    "login",
    ["", "   ", "yamada\0", "\0", "yamada\r\n", "y" * 129, "y" * 1_000_000, "\ud800", "yama\u200bda", "\u202eadamay"],
)
async def test_a_login_that_cannot_be_one_never_reaches_the_directory(city: City, login: str) -> None:
    pending = await city.pending(login, "x")
    assert city.directory.asked == []
    assert await city.code(pending, "000000") == Refused(may_retry=True)
    assert await city.causes() == ["login_malformed"]
    assert len((await city.audit("signin.refused"))[0].detail["login"]) < 40


@pytest.mark.parametrize("password", ["yamada-secret\0", "\0", "\x7f", "a\tb", "\ud800", "x" * 1025, "x" * 1_000_000])
async def test_a_password_that_no_keyboard_makes_never_reaches_the_directory(city: City, password: str) -> None:
    pending = await city.pending("yamada", password)
    assert city.directory.asked == []
    await city.code(pending, "000000")
    assert await city.causes() == ["wrong_password"]


@pytest.mark.parametrize("login", ["*", "yamada)(uid=*", "|(uid=yamada)", "＊"])
async def test_metacharacters_are_only_letters(city: City, login: str) -> None:
    pending = await city.pending(login, "yamada-secret")
    await city.code(pending, "000000")
    assert await city.causes() == ["unknown_user"]


async def story_of(city: City, login: str, password: str) -> list[type[object]]:
    """What somebody sees who tries again and again."""
    seen: list[type[object]] = []
    for _ in range(12):
        outcome: PasswordOutcome = await city.password(login, password, address="198.51.100.7")
        seen.append(type(outcome))
        if isinstance(outcome, NeedFactor):
            seen += [type(await city.code(outcome.pending, "000000", address="198.51.100.7")) for _ in range(2)]
    return seen


async def test_having_to_wait_does_not_tell_whether_the_password_was_right(city: City) -> None:
    """Whoever guesses a password sees the same number of refusals before the same wait as whoever knows it."""
    await city.enrol()
    with_wrong_password = await story_of(city, "yamada", "wrong")
    city.wait(timedelta(days=1))
    assert await story_of(city, "yamada", "yamada-secret") == with_wrong_password
    city.wait(timedelta(days=1))
    assert await story_of(city, "nobody", "whatever") == with_wrong_password
    assert Throttled in with_wrong_password


async def test_a_stolen_password_enrols_no_thiefs_app_from_outside(city: City) -> None:
    outcome = await city.password("yamada", address=HOME)
    assert isinstance(outcome, NeedFactor)
    assert await city.signin.offer_enrolment(outcome.pending) == Refused(may_retry=False)
    assert isinstance(await city.confirm(outcome.pending, "000000"), Refused)
    assert not (await city.user()).is_enrolled


@pytest.mark.parametrize("address", ["", "unknown", "10.1.2.3, 203.0.113.9", "::ffff:203.0.113.9", "010.1.2.3"])
async def test_an_address_that_cannot_be_placed_is_outside(city: City, address: str) -> None:
    assert isinstance(await city.password("yamada", address=address), NeedFactor)


async def test_an_administrator_is_told_no_more_than_anybody(city: City) -> None:
    await city.enrol()
    person = city.directory.people["yamada"]
    city.directory.put(msgspec.structs.replace(person, roles=frozenset({Role.SYSTEM_ADMIN})))
    assert isinstance(await city.password("yamada", "wrong", address=OFFICE), NeedFactor)
