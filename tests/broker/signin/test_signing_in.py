"""A staff member signs in: password, code, portal."""

from datetime import timedelta

import pytest

from broker.model.kinds import Origin, Role
from broker.secret import Secret, hash_token
from broker.signin.records import (
    DirectoryDown,
    NeedFactor,
    Refused,
    SignedIn,
    UnknownTenant,
)
from tests.broker.signin.city import HOME, HOST, STEP, TENANT, City
from tests.fakes.authenticator import FakePerson


async def test_password_then_code_and_the_door_is_open(city: City) -> None:
    await city.enrol()
    outcome = await city.code(await city.pending(), await city.app_code())
    assert isinstance(outcome, SignedIn)
    session = outcome.session
    assert (session.tenant_id, session.user_id) == (TENANT, (await city.user()).id)
    assert (session.factor, session.origin, session.address) == ("totp", Origin.OFFICE, HOME)
    assert not outcome.recovery_codes
    # Only hashes of the cookies are stored, and no cookie is another's.
    assert session.token_hash == hash_token(outcome.token)
    assert session.tunnel_hash == hash_token(outcome.tunnel)
    assert len({outcome.token.reveal(), outcome.tunnel.reveal(), session.csrf_token}) == 3
    assert (await city.user()).last_signed_in_at == session.created_at


async def test_every_sign_in_gives_cookies_that_nobody_has_seen_before(city: City) -> None:
    first, second = await city.enrol(), await city.sign_in()
    assert first.token != second.token
    assert first.tunnel != second.tunnel
    assert first.session.csrf_token != second.session.csrf_token


async def test_a_code_typed_in_full_width_digits_works(city: City) -> None:
    await city.enrol()
    code = await city.app_code()
    wide = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code)
    outcome = await city.code(await city.pending(), f"　{wide[:3]} {wide[3:]} ")
    assert isinstance(outcome, SignedIn)


@pytest.mark.parametrize("offset", [-1, 1])
async def test_a_clock_that_is_half_a_minute_off_does_no_harm(city: City, offset: int) -> None:
    await city.enrol()
    outcome = await city.code(await city.pending(), await city.app_code(offset=offset))
    assert isinstance(outcome, SignedIn)


async def test_a_clock_that_is_minutes_off_is_refused_and_the_desk_sees_by_how_much(city: City) -> None:
    await city.enrol()
    assert await city.code(await city.pending(), await city.app_code(offset=6)) == Refused(may_retry=True)
    newest = (await city.audit("signin.refused"))[0]
    assert newest.detail["cause"] == "wrong_code"
    # The store's clock may cross a step between the two readings.
    assert newest.detail["drift_steps"] in {"5", "6"}


async def test_after_the_clock_was_set_back_no_earlier_code_counts_again(city: City) -> None:
    await city.enrol()
    await city.sign_in()
    city.wait(-10 * STEP)
    assert await city.code(await city.pending(), await city.app_code()) == Refused(may_retry=True)
    assert (await city.causes())[0] == "code_replayed"
    city.wait(10 * STEP)
    assert isinstance(await city.code(await city.pending(), await city.app_code()), SignedIn)


async def test_a_code_counts_once(city: City) -> None:
    await city.enrol()
    code = await city.app_code()
    assert isinstance(await city.code(await city.pending(), code), SignedIn)
    assert await city.code(await city.pending(), code) == Refused(may_retry=True)
    assert await city.causes() == ["code_replayed"]


async def test_an_older_code_does_not_count_after_a_newer_one(city: City) -> None:
    await city.enrol()
    older = await city.app_code(offset=-1)
    assert isinstance(await city.code(await city.pending(), await city.app_code()), SignedIn)
    assert isinstance(await city.code(await city.pending(), older), Refused)
    assert await city.causes() == ["code_replayed"]


async def test_when_the_clock_steps_back_used_codes_stay_used(city: City) -> None:
    await city.enrol()
    code = await city.app_code()
    assert isinstance(await city.code(await city.pending(), code), SignedIn)
    city.wait(-STEP)
    assert isinstance(await city.code(await city.pending(), code), Refused)


async def test_a_finished_sign_in_is_finished(city: City) -> None:
    await city.enrol()
    pending = await city.pending()
    assert isinstance(await city.code(pending, await city.app_code()), SignedIn)
    city.wait(2 * STEP)
    assert await city.code(pending, await city.app_code()) == Refused(may_retry=False)


async def test_after_too_many_wrong_codes_the_password_is_asked_again(city: City) -> None:
    await city.enrol()
    pending = await city.pending()
    outcomes = [await city.code(pending, "000000") for _ in range(city.settings.max_codes_per_attempt)]
    assert outcomes == [Refused(may_retry=True)] * 4 + [Refused(may_retry=False)]
    assert await city.code(pending, await city.app_code()) == Refused(may_retry=False)


async def test_a_sign_in_left_lying_expires(city: City) -> None:
    await city.enrol()
    pending = await city.pending()
    city.wait(timedelta(seconds=city.settings.pending_limit_s))
    assert await city.code(pending, await city.app_code()) == Refused(may_retry=False)
    assert await city.causes() == ["attempt_expired"]


@pytest.mark.parametrize("cookie", ["", "x", "A" * 10_000, "日本", "\udcff"])
async def test_a_made_up_cookie_is_refused(city: City, cookie: str) -> None:
    assert await city.code(Secret(cookie), "000000") == Refused(may_retry=False)
    assert await city.confirm(Secret(cookie), "000000") == Refused(may_retry=False)
    assert await city.signin.offer_enrolment(Secret(cookie)) == Refused(may_retry=False)


@pytest.mark.parametrize("code", ["", " ", "12345", "1234567", "abcdef", "\0" * 6, "9" * 100_000, "\udcff", "٠٠٠٠٠٠"])
async def test_what_is_no_code_is_refused_as_a_wrong_one(city: City, code: str) -> None:
    await city.enrol()
    assert await city.code(await city.pending(), code) == Refused(may_retry=True)
    assert await city.causes() == ["wrong_code"]


async def test_under_an_unknown_host_name_nobody_is_served(city: City) -> None:
    assert await city.password(hostname="portal.elsewhere.example.jp") == UnknownTenant()
    assert await city.password(hostname=HOST.upper()) != UnknownTenant()
    assert city.directory.asked == ["yamada"]


async def test_the_neighbours_people_are_not_ours(city: City) -> None:
    """The neighbour has no directory yet: nobody is checked against somebody else's."""
    assert await city.password(hostname="portal.neighbour.example.jp") == DirectoryDown()
    assert city.directory.asked == []


async def test_an_unreachable_directory_is_said_as_such_and_costs_nobody_an_attempt(city: City) -> None:
    await city.enrol()
    city.directory.is_down = True
    for _ in range(40):
        assert await city.password() == DirectoryDown()
    city.directory.is_down = False
    await city.sign_in()
    assert (await city.audit("signin.password_checked"))[1].outcome == "directory_unavailable"


async def test_names_and_groups_are_what_the_directory_says_at_each_sign_in(city: City) -> None:
    await city.enrol()
    before = await city.user()
    moved = FakePerson(
        login="yamada",
        password="yamada-secret",
        display_name="神谷 髙志",
        department="税務課",
        groups=frozenset({"resident"}),
        roles=frozenset({Role.AUDITOR}),
    )
    city.directory.put(moved)
    after = (await city.sign_in()).user
    assert after.id == before.id
    assert (after.display_name, after.department, after.groups, after.roles) == (
        "神谷 髙志",
        "税務課",
        frozenset({"resident"}),
        frozenset({Role.AUDITOR}),
    )


async def test_a_locked_person_is_refused_with_password_and_code(city: City) -> None:
    await city.enrol()
    await city.lock()
    assert isinstance(await city.code(await city.pending(), await city.app_code()), Refused)
    assert await city.causes() == ["account_locked"]


async def test_who_is_locked_between_password_and_code_stays_outside(city: City) -> None:
    await city.enrol()
    pending = await city.pending()
    await city.lock()
    assert isinstance(await city.code(pending, await city.app_code()), Refused)
    assert await city.causes() == ["account_locked"]


async def test_signing_in_again_never_unlocks(city: City) -> None:
    await city.enrol()
    await city.lock()
    await city.password()
    assert (await city.user()).is_locked


async def test_a_login_in_japanese_signs_in(city: City) -> None:
    await city.enrol("佐藤")
    assert (await city.sign_in("佐藤")).user.display_name == "佐藤 花子"


async def test_the_audit_tells_the_whole_story_and_no_secret(city: City) -> None:
    await city.enrol()
    outcome = await city.password()
    assert isinstance(outcome, NeedFactor)
    await city.code(outcome.pending, "000000")
    code = await city.app_code()
    signed_in = await city.code(outcome.pending, code)
    assert isinstance(signed_in, SignedIn)
    records = await city.audit()
    assert [record.event for record in records] == [
        "signin.succeeded",
        "signin.refused",
        "signin.password_checked",
        "factor.enrolled",
        "signin.succeeded",
        "signin.password_checked",
    ]
    user = await city.user()
    assert {record.subject for record in records} == {f"user:{user.id}"}
    # Before the code is right, whoever it is goes by the name that they typed.
    assert [record.actor for record in records[:3]] == [f"user:{user.id}", "login:yamada", "login:yamada"]
    told = repr(records)
    secrets = [code, "yamada-secret", city.secrets["yamada"], *city.recovery_codes]
    cookies = [signed_in.token, signed_in.tunnel, outcome.pending]
    for secret in [*secrets, *(cookie.reveal() for cookie in cookies), signed_in.session.csrf_token]:
        assert secret not in told
