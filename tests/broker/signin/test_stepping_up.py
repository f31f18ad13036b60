"""Inside a session: a second factor again, without leaving it."""

from datetime import timedelta

from broker.model.records import WebSession
from broker.signin.records import Authenticated, SignedIn, SteppedUp, StepUpRefused, Throttled
from broker.store import SqlStore
from tests.broker.signin.city import HOME, City, from_address, open_city


async def at_home(city: City) -> Authenticated:
    """Yamada, signed in an hour ago."""
    await city.enrol()
    return await an_hour_later(city, await city.sign_in())


async def an_hour_later(city: City, entered: SignedIn) -> Authenticated:
    for _minute in range(3):
        city.wait(timedelta(minutes=20))
        auth = await city.signin.authenticate(entered.token, from_address(HOME))
    assert isinstance(auth, Authenticated)
    return auth


async def stored(city: City, auth: Authenticated) -> WebSession:
    async with city.store.read() as tx:
        session = await tx.signin.get_web_session(auth.session.token_hash)
    assert session is not None
    return session


async def test_the_code_of_the_app_makes_the_session_fresh(store: SqlStore) -> None:
    city = await open_city(store)
    auth = await at_home(city)
    assert auth.session.factor_at == auth.session.created_at
    outcome = await city.signin.step_up_by_code(auth, await city.app_code())
    assert isinstance(outcome, SteppedUp)
    after = await stored(city, auth)
    assert after.factor_at == outcome.session.factor_at
    assert after.factor_at is not None
    assert after.factor_at - after.created_at >= timedelta(hours=1)
    [line] = await city.audit("signin.stepped_up")
    assert (line.actor, line.detail) == (f"user:{auth.user.id}", {"factor": "totp"})


async def test_a_code_counts_once_for_sign_in_and_step_up_together(city: City) -> None:
    auth = await at_home(city)
    code = await city.app_code()
    assert isinstance(await city.signin.step_up_by_code(auth, code), SteppedUp)
    assert isinstance(await city.signin.step_up_by_code(auth, code), StepUpRefused)
    assert [line.detail["cause"] for line in await city.audit("signin.step_up_refused")] == ["code_replayed"]


async def test_a_recovery_code_is_used_up_by_it(city: City) -> None:
    auth = await at_home(city)
    code = city.recovery_codes[0]
    assert isinstance(await city.signin.step_up_by_code(auth, code), SteppedUp)
    assert (await stored(city, auth)).factor == "recovery_code"
    assert isinstance(await city.signin.step_up_by_code(auth, code), StepUpRefused)


async def test_guesses_in_a_browser_that_was_left_open_meet_the_throttle_of_the_door(city: City) -> None:
    auth = await at_home(city)
    outcomes = [await city.signin.step_up_by_code(auth, "000000") for _guess in range(city.settings.free_failures + 2)]
    assert isinstance(outcomes[0], StepUpRefused)
    assert isinstance(outcomes[-1], Throttled)
    right = await city.signin.step_up_by_code(auth, await city.app_code())
    assert isinstance(right, Throttled), "a right guess does not help while it waits"
    assert (await stored(city, auth)).factor_at == auth.session.factor_at


async def test_who_was_signed_out_or_locked_meanwhile_steps_up_no_more(city: City) -> None:
    auth = await at_home(city)
    await city.lock()
    assert isinstance(await city.signin.step_up_by_code(auth, await city.app_code()), StepUpRefused)
    await city.lock(is_locked=False)
    await city.signin.sign_out_everywhere(auth.user.tenant_id, auth.user.id, actor="test")
    assert isinstance(await city.signin.step_up_by_code(auth, await city.app_code()), StepUpRefused)
