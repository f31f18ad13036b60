"""A browser in which somebody has signed in is theirs again, whatever strangers do; its mark opens nothing."""

import os
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broker.model.throttle import Scope
from broker.secret import SealingKey, Secret
from broker.signin.browser_mark import BrowserMarks
from broker.signin.records import NeedFactor, Throttled
from broker.signin.throttles import budgets_of
from tests.broker.signin.city import HOME, OFFICE, City, make_settings

NOW = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)
MARKS = BrowserMarks(SealingKey(os.urandom(32)), known_s=3600)
CAFE = "192.0.2.200"


def test_a_mark_is_of_one_account_for_a_time() -> None:
    mark = MARKS.give("demo:yamada", None, NOW)
    number = MARKS.read("demo:yamada", mark, NOW)
    assert number
    assert MARKS.read("demo:suzuki", mark, NOW) is None
    assert MARKS.read("other:yamada", mark, NOW) is None
    assert MARKS.read("demo:yamada", mark, NOW + timedelta(hours=1)) is None
    assert MARKS.read("demo:yamada", mark, NOW - timedelta(seconds=1)) is None, "of a clock that went back"
    assert BrowserMarks(SealingKey(os.urandom(32)), known_s=3600).read("demo:yamada", mark, NOW) is None
    later = MARKS.give("demo:yamada", mark, NOW + timedelta(minutes=50))
    assert MARKS.read("demo:yamada", later, NOW + timedelta(minutes=70)) == number, "the same browser, counted on"


@given(st.text(max_size=200) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_what_is_no_mark_is_a_strangers(text: str) -> None:
    assert MARKS.read("demo:yamada", Secret(text), NOW) is None


@given(st.integers(0, 74), st.integers(1, 255))
def test_a_mark_with_any_sign_changed_is_none(place: int, shift: int) -> None:
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = MARKS.give("demo:yamada", None, NOW).reveal()
    place %= len(text) - 1  # the last sign has bits that stand for nothing
    other = signs[(signs.index(text[place]) + shift) % 64]
    changed = text[:place] + other + text[place + 1 :]
    assert changed == text or MARKS.read("demo:yamada", Secret(changed), NOW) is None


async def guess(city: City, count: int, login: str = "yamada", *, address: str, mark: Secret | None = None) -> None:
    for _ in range(count):
        outcome = await city.password(login, "wrong", address=address, mark=mark)
        assert isinstance(outcome, NeedFactor)


def smaller(city: City, **limits: int) -> City:
    """The same city with narrower limits, and waits that no slow machine sits out."""
    settings = make_settings(base_block_s=600, max_block_s=3600, max_account_block_s=600, **limits)
    small = City(city.store, city.directory, city.sealing, settings)
    small.secrets = city.secrets
    return small


async def marked(city: City) -> Secret:
    signed_in = await city.sign_in(address=OFFICE)
    assert signed_in.browser_mark is not None
    return signed_in.browser_mark


async def test_neither_a_blocked_name_nor_a_blocked_address_stops_a_known_browser(city: City) -> None:
    """Somebody behind the office's one address guesses at every name there is."""
    city = smaller(city, free_failures_per_address=10, free_failures_per_account=6)
    await city.enrol()
    mark = await marked(city)
    for number in range(11):
        await guess(city, 1, f"name{number}", address=OFFICE)
    for number in range(7):
        await guess(city, 1, address=f"198.51.100.{number}")
    for address in (OFFICE, CAFE):
        assert isinstance(await city.password(address=address), Throttled), address
    for address in (OFFICE, CAFE):
        assert (await city.sign_in(address=address, mark=mark)).user.login == "yamada"


async def test_a_stolen_mark_is_slowed_like_its_owner_and_binds_nobody_else(city: City) -> None:
    await city.enrol()
    mark = await marked(city)
    await guess(city, budgets_of(city.settings)[Scope.BROWSER].free + 1, address=CAFE, mark=mark)
    assert isinstance(await city.password(address=HOME, mark=mark), Throttled), "one browser, wherever it is"
    assert (await city.sign_in(address=OFFICE)).user.login == "yamada", "without the mark, at the known address"


async def test_a_mark_of_one_name_helps_no_other(city: City) -> None:
    await city.enrol()
    mark = await marked(city)
    await guess(city, make_settings().free_failures + 1, "suzuki", address=CAFE, mark=mark)
    assert isinstance(await city.password("suzuki", address=CAFE, mark=mark), Throttled)


async def test_the_mark_alone_asks_for_password_and_code_as_ever(city: City) -> None:
    await city.enrol()
    mark = await marked(city)
    assert isinstance(await city.password("yamada", "wrong", address=OFFICE, mark=mark), NeedFactor)
    pending = await city.pending("yamada", "wrong", address=OFFICE, mark=mark)
    code = await city.app_code()
    outcome = await city.signin.submit_code(city.attempt(pending, code, address=OFFICE, mark=mark))
    assert not hasattr(outcome, "token")


async def test_many_networks_together_slow_strangers_down_and_nobody_who_is_known(city: City) -> None:
    """One group of networks is full: others, and whoever is known, go on; the wait is short."""
    await city.enrol()
    mark = await marked(city)
    small = smaller(city, free_failures_of_strangers=8, max_stranger_block_s=60)
    for number in range(9):
        await guess(small, 1, f"name{number}", address=f"203.0.113.{number}")
    blocked = await small.password("suzuki", address="203.0.113.77")
    assert isinstance(blocked, Throttled)
    assert blocked.until - await small.now() <= timedelta(seconds=small.settings.max_stranger_block_s)
    assert isinstance(await small.password("suzuki", address="198.18.7.7"), NeedFactor), "another group of networks"
    assert (await small.sign_in(address=OFFICE)).user.login == "yamada", "at the known address"
    assert (await small.sign_in(address="203.0.113.78", mark=mark)).user.login == "yamada"
