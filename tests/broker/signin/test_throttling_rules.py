"""How long somebody waits, for every number of attempts."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broker.model.throttle import Throttle
from broker.signin.throttling import (
    Limits,
    block_length_s,
    blocks_begun_attempt_until,
    blocks_until,
    count_attempts,
    take_back,
)

NOW = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)

limits = st.builds(
    Limits,
    free=st.integers(0, 50),
    base_block_s=st.integers(0, 600),
    max_block_s=st.integers(0, 86_400),
    memory_s=st.integers(1, 86_400),
)
counts = st.integers(1, 10**12)


def counted(number: int, limit: Limits, now: datetime = NOW) -> Throttle:
    return count_attempts(None, "key", limit, now, count=number)


@given(limits, counts)
def test_a_wait_is_bounded_and_never_shrinks_with_more_attempts(limit: Limits, number: int) -> None:
    length_s = block_length_s(number, limit)
    assert 0 <= length_s <= limit.max_block_s
    assert length_s <= block_length_s(number + 1, limit)


@given(limits, counts)
def test_free_attempts_never_wait_and_the_next_one_does(limit: Limits, number: int) -> None:
    is_waiting = blocks_until(counted(number, limit), NOW) is not None
    assert is_waiting == (number > limit.free and limit.base_block_s > 0 and limit.max_block_s > 0)


@given(limits, counts)
def test_a_wait_ends(limit: Limits, number: int) -> None:
    assert blocks_until(counted(number, limit), NOW + timedelta(seconds=limit.max_block_s)) is None


@given(limits, st.integers(1, 100), st.integers(1, 100))
def test_what_is_taken_back_never_was(limit: Limits, before: int, more: int) -> None:
    grown = count_attempts(counted(before, limit), "key", limit, NOW, count=more)
    assert take_back(grown, limit, count=more) == counted(before, limit)
    assert take_back(grown, limit, count=before + more) is None


@given(limits, counts, st.integers(0, 86_400), st.integers(1, 3600))
def test_only_a_wait_that_begins_later_stops_an_attempt_that_was_let_in(
    limit: Limits, number: int, ago_s: int, later_s: int
) -> None:
    throttle = counted(number, limit)
    begun_before = NOW - timedelta(seconds=ago_s + 1)
    begun_after = NOW + timedelta(seconds=later_s)
    now = begun_after
    until = blocks_until(throttle, now)
    assert blocks_begun_attempt_until(throttle, limit, now, begun_at=begun_before) == until
    assert blocks_begun_attempt_until(throttle, limit, now, begun_at=NOW) is None
    assert blocks_begun_attempt_until(throttle, limit, now, begun_at=begun_after) is None


@given(limits, st.integers(1, 100))
def test_attempts_are_forgotten_after_the_memory_and_not_before(limit: Limits, number: int) -> None:
    throttle = counted(number, limit)
    last = throttle.blocked_until or NOW
    forgotten_at = last + timedelta(seconds=limit.memory_s)
    assert count_attempts(throttle, "key", limit, forgotten_at).failures == 1
    just_before = forgotten_at - timedelta(seconds=1)
    assert count_attempts(throttle, "key", limit, just_before).failures == number + 1
