"""Who guesses has to wait, and longer each time; who works here is not locked out for long."""

import asyncio
from datetime import timedelta

import pytest

from broker.signin.records import NeedFactor, Refused, SignedIn, Throttled
from tests.broker.signin.city import HOME, OFFICE, City, make_settings
from tests.fakes.authenticator import FakePerson

LIMIT = make_settings().free_failures


async def guess(city: City, count: int, login: str = "yamada", *, address: str = HOME) -> None:
    for _ in range(count):
        assert isinstance(await city.password(login, "wrong", address=address), NeedFactor)


async def test_after_the_free_attempts_an_account_waits_and_then_gets_in(city: City) -> None:
    await city.enrol()
    await guess(city, LIMIT + 1)
    outcome = await city.password()
    assert isinstance(outcome, Throttled)
    assert outcome.until - await city.now() <= timedelta(seconds=city.settings.base_block_s)
    city.wait(timedelta(seconds=city.settings.base_block_s))
    assert isinstance(await city.code(await city.pending(), await city.app_code()), SignedIn)


async def test_while_waiting_not_even_the_directory_is_asked(city: City) -> None:
    await guess(city, LIMIT + 1)
    asked = len(city.directory.asked)
    assert isinstance(await city.password(), Throttled)
    assert len(city.directory.asked) == asked


async def test_each_further_failure_doubles_the_wait(city: City) -> None:
    await guess(city, LIMIT)
    waits: list[float] = []
    for _ in range(9):
        await guess(city, 1)
        blocked = await city.password()
        assert isinstance(blocked, Throttled)
        waits.append(round((blocked.until - await city.now()).total_seconds()))
        city.wait(blocked.until - await city.now())
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


async def test_signing_in_makes_the_account_forget(city: City) -> None:
    await city.enrol()
    for _ in range(3):
        await guess(city, LIMIT - 1)
        await city.sign_in()


async def test_names_nobody_has_wait_as_well(city: City) -> None:
    await guess(city, LIMIT + 1, "nobody")
    assert isinstance(await city.password("nobody"), Throttled)


@pytest.mark.parametrize("variant", ["YAMADA", "Yamada", "ｙａｍａｄａ", " yamada ", "yama da"])
async def test_other_spellings_of_a_name_share_its_wait(city: City, variant: str) -> None:
    """A directory may match them all as the same person."""
    await guess(city, LIMIT + 1)
    assert isinstance(await city.password(variant), Throttled)


async def test_one_person_waiting_does_not_stop_the_next(city: City) -> None:
    await city.enrol("suzuki")
    await guess(city, LIMIT + 1, "yamada")
    assert (await city.sign_in("suzuki")).user.login == "suzuki"


async def test_an_address_that_tries_many_names_waits(city: City) -> None:
    free = city.settings.free_failures_per_address
    for number in range(free + 1):
        await guess(city, 1, f"name{number}", address="198.51.100.7")
    assert isinstance(await city.password("yamada", address="198.51.100.7"), Throttled)
    assert isinstance(await city.password("yamada", address=HOME), NeedFactor)


async def test_the_morning_rush_behind_one_address_waits_for_nobody(city: City) -> None:
    """Everybody's success takes its own attempt back."""
    free = city.settings.free_failures_per_address
    await city.enrol()
    for number in range(free + 5):
        login = f"staff{number}"
        city.directory.put(FakePerson(login=login, password=f"{login}-secret"))
        await city.enrol(login)
        await city.sign_in(login, address="198.51.100.7")


async def test_ones_own_success_does_not_wipe_out_guesses_from_the_same_address(city: City) -> None:
    """A thief with an account of their own can't guess at others' for ever."""
    await city.enrol("suzuki")
    free = city.settings.free_failures_per_address
    for number in range(free):
        await guess(city, 1, f"name{number}", address="198.51.100.7")
        if number % 5 == 0:
            await city.sign_in("suzuki", address="198.51.100.7")
    await guess(city, 1, "last", address="198.51.100.7")
    assert isinstance(await city.password("yamada", address="198.51.100.7"), Throttled)


async def test_wrong_codes_make_the_account_wait_in_every_browser(city: City) -> None:
    await city.enrol()
    one, other = await city.pending(), await city.pending()
    for _ in range(city.settings.max_codes_per_attempt):
        assert isinstance(await city.code(one, "000000"), Refused)
    assert isinstance(await city.code(other, await city.app_code()), Throttled)
    assert isinstance(await city.password(), Throttled)


async def test_the_attempt_that_used_up_the_last_free_one_may_still_be_finished(city: City) -> None:
    await city.enrol()
    await guess(city, LIMIT)
    assert isinstance(await city.code(await city.pending(), await city.app_code()), SignedIn)


async def test_guesses_at_the_same_time_are_all_counted(city: City) -> None:
    city.directory.gate = asyncio.Event()
    attempts = [asyncio.create_task(city.password("yamada", "wrong")) for _ in range(40)]
    async with asyncio.timeout(10):
        done, _ = await asyncio.wait(attempts[:], timeout=1)
    city.directory.gate.set()
    outcomes = await asyncio.gather(*attempts)
    assert len(city.directory.asked) == LIMIT + 1
    assert sum(isinstance(outcome, Throttled) for outcome in outcomes) == 40 - LIMIT - 1
    assert all(isinstance(task.result(), Throttled) for task in done)


async def test_the_beginning_of_a_wait_is_audited_and_a_flood_does_not_fill_the_audit(city: City) -> None:
    await guess(city, LIMIT + 1)
    for _ in range(50):
        await city.password("yamada", "wrong")
    records = await city.audit("signin.throttled")
    assert [(record.subject, record.detail["login"]) for record in records] == [
        ("throttle:pair:demo:yamada@portal/203.0.113.9", "yamada")
    ]


async def test_long_ago_is_forgotten(city: City) -> None:
    await guess(city, LIMIT)
    city.wait(timedelta(seconds=city.settings.failure_memory_s))
    await guess(city, LIMIT)
    assert isinstance(await city.password(), NeedFactor)


async def test_purging_forgets_neither_a_wait_nor_an_open_sign_in(city: City) -> None:
    await city.enrol("suzuki")
    pending = await city.pending("suzuki")
    await guess(city, LIMIT + 1)
    await city.signin.purge()
    assert isinstance(await city.password(), Throttled)
    assert isinstance(await city.code(pending, await city.app_code("suzuki")), SignedIn)


async def flood(city: City, *, days: float) -> int:
    """A stranger who knows nothing but a name: from ever new addresses, at every moment that one is let in."""
    sent, end = 0, await city.now() + timedelta(days=days)
    while (now := await city.now()) < end:
        match await city.password("yamada", "wrong", address=f"198.51.{sent // 250}.{sent % 250}"):
            case Throttled(until):
                city.wait(until - now)
            case _:
                sent += 1
    return sent


async def test_whoever_knows_a_name_alone_locks_nobody_out_of_the_place_where_they_work(city: City) -> None:
    await city.enrol()
    await city.sign_in(address=OFFICE)
    most = city.settings.free_failures_per_account + 1 + 86_400 // city.settings.max_account_block_s + 10
    assert 20 < await flood(city, days=1) <= most
    await guess(city, 1, address="198.51.100.99")
    assert isinstance(await city.password(address=HOME), Throttled), "nobody has signed in from there yet"
    assert (await city.sign_in(address=OFFICE)).user.login == "yamada"
    assert isinstance(await city.password(address=HOME), Throttled), "a sign-in here frees no stranger"
    city.wait(timedelta(seconds=city.settings.max_account_block_s))
    assert (await city.sign_in(address=HOME)).user.login == "yamada"


async def test_a_known_address_is_no_place_to_guess_from(city: City) -> None:
    await city.enrol()
    await city.sign_in(address=HOME)
    await guess(city, LIMIT + 1, address=HOME)
    assert isinstance(await city.password(address=HOME), Throttled)
    assert isinstance(await city.password(address=OFFICE), NeedFactor), "the other place is none of its business"


async def test_an_address_is_forgotten_when_nobody_signs_in_from_it(city: City) -> None:
    await city.enrol()
    await city.sign_in(address=HOME)
    city.wait(timedelta(seconds=city.settings.known_address_s))
    await city.signin.purge()
    for number in range(city.settings.free_failures_per_account + 1):
        await guess(city, 1, address=f"198.51.100.{number}")
    assert isinstance(await city.password(address=HOME), Throttled)


async def test_where_somebody_works_is_known_for_their_own_name_alone(city: City) -> None:
    await city.enrol("suzuki")
    for number in range(city.settings.free_failures_per_account + 1):
        await guess(city, 1, address=f"198.51.100.{number}")
    assert isinstance(await city.password("yamada", address=OFFICE), Throttled)


async def test_one_network_of_ipv6_is_one_address(city: City) -> None:
    for number in range(LIMIT + 1):
        await guess(city, 1, address=f"2001:db8:0:1::{number:x}")
    assert isinstance(await city.password(address="2001:db8:0:1:ffff::9"), Throttled)
    assert isinstance(await city.password(address="2001:db8:0:2::1"), NeedFactor)
