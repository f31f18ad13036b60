"""A password that has to be changed: after both steps, on its own page, before any session."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from broker.model.passwords import NewPasswordFault
from broker.secret import Secret, hash_token
from broker.signin.records import (
    Authenticated,
    ChangeAttempt,
    ChangeOutcome,
    DirectoryDown,
    MustChangePassword,
    NeedFactor,
    NotTaken,
    OwnChange,
    OwnPasswordChanged,
    Refused,
    SignedIn,
    StepUpMissing,
    Throttled,
)
from broker.store import SqlStore
from tests.broker.signin.city import HOME, STEP, City, from_address, make_settings

OLD = Secret("yamada-secret")
GOOD = Secret("港の灯台-Lantern-27")


def demand_change(city: City, login: str = "yamada") -> None:
    """The desk of the directory gives a first password."""
    city.directory.put(replace(city.directory.people[login], must_change=True))


async def reach_change(city: City, login: str = "yamada") -> Secret:
    """Both steps of a person whose password has to be changed."""
    outcome = await city.code(await city.pending(login), await city.app_code(login))
    assert isinstance(outcome, MustChangePassword), outcome
    return outcome.pending


async def change(city: City, pending: Secret, new: Secret = GOOD, *, old: Secret = OLD) -> ChangeOutcome:
    return await city.signin.passwords.finish(
        ChangeAttempt(pending=pending, old=old, new=new, arrival=from_address(HOME), user_agent="Mozilla/5.0")
    )


async def enter(city: City, signed_in: SignedIn) -> bool:
    return isinstance(await city.signin.authenticate(signed_in.token, from_address(HOME)), Authenticated)


async def test_the_password_alone_tells_nothing_and_changes_nothing(city: City) -> None:
    await city.enrol()
    demand_change(city)
    right, wrong = await city.password(), await city.password(password="guess")
    assert isinstance(right, NeedFactor)
    assert isinstance(wrong, NeedFactor)
    for pending in (right.pending, wrong.pending):
        assert await city.signin.passwords.find_pending(pending) is None
        assert await change(city, pending) == Refused(may_retry=False)
        assert await city.code(pending, "000000") == Refused(may_retry=True)
    assert city.directory.changes == []


async def test_after_both_steps_the_new_password_opens_the_session(city: City) -> None:
    before = await city.enrol()
    demand_change(city)
    pending = await reach_change(city)
    assert await change(city, pending, Secret("short")) == NotTaken(NewPasswordFault.TOO_SHORT)
    entered = await change(city, pending)
    assert isinstance(entered, SignedIn)
    assert entered.session.factor == "totp"
    assert await enter(city, entered)
    # What was signed in by the old password has ended, and the page opens nothing twice.
    assert not await enter(city, before)
    assert await change(city, pending, old=GOOD) == Refused(may_retry=False)
    events = [record.event for record in reversed(await city.audit("password"))]
    begun = "password.change_begun"
    assert events == ["password.change_demanded", begun, "password.change_refused", begun, "password.changed"]
    city.wait(2 * STEP)
    city.directory.people["yamada"] = replace(city.directory.people["yamada"], password="yamada-secret")
    assert await enter(city, await city.sign_in())


async def test_no_secret_is_in_the_audit(city: City) -> None:
    await city.enrol()
    demand_change(city)
    pending = await reach_change(city)
    await change(city, pending, Secret("short-one"))
    await change(city, pending, old=Secret("old-guess"))
    await change(city, pending)
    told = repr(await city.audit())
    for secret in ("short-one", "old-guess", GOOD.reveal(), OLD.reveal(), pending.reveal()):
        assert secret not in told


async def test_the_first_day_registers_the_app_and_then_changes_the_password(city: City) -> None:
    demand_change(city)
    pending, offer = await city.offer()
    city.secrets["yamada"] = offer.text_key.replace(" ", "")
    outcome = await city.confirm(pending, await city.app_code())
    assert isinstance(outcome, MustChangePassword)
    assert len(outcome.recovery_codes) == 10
    assert (await city.audit("factor.enrolled")) != []
    assert isinstance(await change(city, outcome.pending), SignedIn)


async def test_a_recovery_code_leads_to_the_page_as_well(city: City) -> None:
    await city.enrol()
    demand_change(city)
    outcome = await city.code(await city.pending(), city.recovery_codes[0])
    assert isinstance(outcome, MustChangePassword)
    assert await city.code(await city.pending(), city.recovery_codes[0]) == Refused(may_retry=True)


async def test_the_token_of_the_page_is_good_for_nothing_else(city: City) -> None:
    await city.enrol()
    demand_change(city)
    pending = await reach_change(city)
    city.wait(2 * STEP)
    assert isinstance(await city.code(pending, await city.app_code()), Refused)
    assert isinstance(await city.confirm(pending, await city.app_code(), address=HOME), Refused)
    assert isinstance(await city.signin.offer_enrolment(pending), Refused)


async def test_guesses_at_the_old_password_end_the_attempt(city: City) -> None:
    await city.enrol()
    demand_change(city)
    pending = await reach_change(city)
    limit = city.settings.max_codes_per_attempt
    outcomes = [await change(city, pending, old=Secret(f"guess{number}")) for number in range(limit + 2)]
    asked = len(city.directory.changes)
    assert asked <= limit
    assert not any(isinstance(outcome, SignedIn) for outcome in outcomes)
    assert isinstance(await change(city, pending), Refused | Throttled)
    assert len(city.directory.changes) == asked


async def test_a_hundred_tries_at_once_sign_in_once(city: City) -> None:
    await city.enrol()
    demand_change(city)
    pending = await reach_change(city)
    outcomes = await asyncio.gather(*(change(city, pending) for _ in range(20)))
    assert sum(isinstance(outcome, SignedIn) for outcome in outcomes) == 1


async def test_the_page_ends_with_its_time(city: City) -> None:
    await city.enrol()
    demand_change(city)
    pending = await reach_change(city)
    city.wait(timedelta(seconds=city.settings.pending_limit_s))
    assert await city.signin.passwords.find_pending(pending) is None
    assert await change(city, pending) == Refused(may_retry=False)
    assert city.directory.changes == []


async def test_somebody_locked_meanwhile_changes_nothing(city: City) -> None:
    await city.enrol()
    demand_change(city)
    pending = await reach_change(city)
    await city.lock()
    assert await change(city, pending) == Refused(may_retry=False)
    assert city.directory.changes == []


async def test_a_silent_directory_costs_no_try(city: City) -> None:
    await city.enrol()
    demand_change(city)
    pending = await reach_change(city)
    city.directory.is_down = True
    for _ in range(city.settings.max_codes_per_attempt + 1):
        assert await change(city, pending) == DirectoryDown()
    city.directory.is_down = False
    assert isinstance(await change(city, pending), SignedIn)


@pytest.mark.parametrize("new", ["", "x" * 2000, "Lantern\0Harbour-27", "\ud800-Lantern-Harbour-27"])
async def test_a_password_that_no_keyboard_makes_never_reaches_the_directory(city: City, new: str) -> None:
    await city.enrol()
    demand_change(city)
    pending = await reach_change(city)
    assert await change(city, pending, Secret(new)) == NotTaken(NewPasswordFault.UNUSABLE)
    assert city.directory.changes == []


async def test_where_passwords_are_not_changed_here_it_is_refused_as_everything_is(sqlite_store: SqlStore) -> None:
    from tests.broker.signin.city import open_city  # noqa: PLC0415  the other tests have theirs as a fixture

    first = await open_city(sqlite_store)
    city = City(sqlite_store, first.directory, can_change=False)
    await city.enrol()
    demand_change(city)
    assert await city.code(await city.pending(), await city.app_code()) == Refused(may_retry=True)
    assert await city.causes() == ["password_expired"]


async def own_change(city: City, signed_in: SignedIn, *, old: Secret = OLD, new: Secret = GOOD) -> object:
    auth = Authenticated(session=signed_in.session, user=signed_in.user)
    return await city.signin.passwords.change_own(auth, OwnChange(old=old, new=new, address=HOME))


async def test_a_wish_of_ones_own_ends_the_other_browsers(city: City) -> None:
    await city.enrol()
    other, mine = await city.sign_in(), await city.sign_in()
    assert await own_change(city, mine, old=Secret("guess")) == Refused(may_retry=True)
    assert await own_change(city, mine, new=Secret("short")) == NotTaken(NewPasswordFault.TOO_SHORT)
    assert await own_change(city, mine, new=OLD) == NotTaken(NewPasswordFault.USED_BEFORE)
    ended = await own_change(city, mine)
    assert isinstance(ended, OwnPasswordChanged)
    assert ended.ended >= 1
    assert await enter(city, mine)
    assert not await enter(city, other)
    reasons = [record.detail["reason"] for record in await city.audit("websession.ended")]
    assert "password_changed" in reasons


async def test_a_wish_needs_a_fresh_factor(city: City) -> None:
    await city.enrol()
    mine = await city.sign_in()
    city.wait(timedelta(seconds=city.settings.password_change_factor_age_s))
    assert await own_change(city, mine) == StepUpMissing()
    assert city.directory.changes == []


async def test_a_thief_at_an_open_browser_has_few_guesses(city: City) -> None:
    """The old password is throttled like any other."""
    await city.enrol()
    mine = await city.sign_in()
    outcomes = [await own_change(city, mine, old=Secret(f"guess{number}")) for number in range(20)]
    assert isinstance(outcomes[-1], Throttled)
    assert len(city.directory.changes) <= make_settings().free_failures + 1


async def test_what_the_directory_said_of_the_end_is_kept_with_the_browser(city: City) -> None:
    await city.enrol()
    ends_at = await city.now() + timedelta(days=5)
    city.directory.put(replace(city.directory.people["yamada"], password_ends_at=ends_at))
    mine = await city.sign_in()
    assert mine.session.password_ends_at == ends_at
    await own_change(city, mine)
    async with city.store.read() as tx:
        kept = await tx.signin.get_web_session(hash_token(mine.token))
    assert kept is not None
    assert kept.password_ends_at is None
