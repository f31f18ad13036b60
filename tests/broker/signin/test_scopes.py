"""Who has to wait for whom, whatever strangers do."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broker.model.throttle import Scope, Throttle
from broker.signin.scopes import BINDING, Keys, Source, counted, taken_back, wait_until
from broker.signin.throttling import Limits

NOW = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)
BUDGETS = {
    Scope.PAIR: Limits(free=5, base_block_s=30, max_block_s=3600, memory_s=7200),
    Scope.ADDRESS: Limits(free=300, base_block_s=30, max_block_s=3600, memory_s=7200),
    Scope.ACCOUNT: Limits(free=20, base_block_s=30, max_block_s=900, memory_s=7200),
    Scope.TENANT: Limits(free=30, base_block_s=10, max_block_s=10, memory_s=7200),
    Scope.BROWSER: Limits(free=5, base_block_s=30, max_block_s=3600, memory_s=7200),
}
steps = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 6), st.booleans()), max_size=60)
"""Seconds since the one before, the address, and whether it is known there."""
attempts = st.builds(
    lambda strangers, then: [(0, 10 + number, False) for number in range(strangers)] + then, st.integers(0, 40), steps
)
"""A flood from many places, and what follows."""


def keys_at(address: int, source: Source) -> Keys:
    names = {
        Scope.PAIR: f"pair:yamada@{address}",
        Scope.ADDRESS: f"addr:{address}",
        Scope.ACCOUNT: "acct:yamada",
        Scope.TENANT: "tent",
        Scope.BROWSER: f"brow:yamada@{address}",
    }
    return {scope: names[scope] for scope in BINDING[source]}


def known(*, is_known: bool) -> Source:
    return Source.PLACE if is_known else Source.STRANGER


def play(history: list[tuple[int, int, bool]]) -> tuple[dict[str, Throttle], datetime]:
    """The books after everybody who need not wait has failed once more."""
    stored: dict[str, Throttle] = {}
    now = NOW
    for pause_s, address, is_known in history:
        now += timedelta(seconds=pause_s)
        keys = keys_at(address, known(is_known=is_known))
        if wait_until(stored, keys, now=now) is None:
            stored |= {it.key: it for it in counted(stored, keys, BUDGETS, now=now).values()}
    return stored, now


@given(attempts)
def test_nothing_that_others_do_elsewhere_stops_a_person_at_a_known_address(
    history: list[tuple[int, int, bool]],
) -> None:
    stored, now = play(history)
    assert wait_until(stored, keys_at(0, Source.PLACE), now=now) is None


@given(attempts)
def test_nothing_that_others_do_anywhere_stops_a_person_in_a_browser_that_is_known(
    history: list[tuple[int, int, bool]],
) -> None:
    stored, now = play(history)
    assert wait_until(stored, keys_at(0, Source.BROWSER), now=now) is None


@given(attempts)
def test_a_stranger_waits_no_longer_than_the_bound_for_what_others_did(history: list[tuple[int, int, bool]]) -> None:
    stored, now = play(history)
    until = wait_until(stored, keys_at(0, Source.STRANGER), now=now)
    assert until is None or until - now <= timedelta(seconds=BUDGETS[Scope.ACCOUNT].max_block_s)


@given(attempts)
def test_a_known_address_waits_for_its_own_failures_as_long_as_any_other(history: list[tuple[int, int, bool]]) -> None:
    own = [(pause_s, 0, True) for pause_s, _, _ in history]
    as_stranger = [(pause_s, 0, False) for pause_s, _, _ in history]
    at_home, _ = play(own)
    stranger, _ = play(as_stranger)
    assert "acct:yamada" not in at_home
    assert at_home.get("pair:yamada@0", _NONE).failures >= stranger.get("pair:yamada@0", _NONE).failures


@given(attempts, st.booleans())
def test_an_attempt_that_turned_out_well_never_was(history: list[tuple[int, int, bool]], is_known: bool) -> None:
    stored, now = play(history)
    fresh = {key: it for key, it in stored.items() if it.blocked_until is None and it.first_failed_at == now}
    keys = keys_at(0, known(is_known=is_known))
    after = fresh | {it.key: it for it in counted(fresh, keys, BUDGETS, now=now).values()}
    left = taken_back(after, keys, BUDGETS, count=1)
    assert {key: it for key, it in (after | left).items() if it is not None} == fresh


_NONE = Throttle(key="", failures=0, first_failed_at=NOW, blocked_until=None)
