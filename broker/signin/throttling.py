"""How long an account or an address has to wait. Pure.

Every attempt counts before its outcome is known, and is taken back when it succeeds. So attempts at the same
time are all counted, and whether somebody has to wait never tells whether a password was right.
"""

from datetime import datetime, timedelta

import msgspec

from broker.model.throttle import Throttle


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """``free`` attempts cost nothing; the next one ``base_block_s``, each further one double, up to ``max_block_s``.

    ``memory_s`` after the first attempt, or after the last block, everything is forgotten.
    """

    free: int
    base_block_s: int
    max_block_s: int
    memory_s: int


def count_attempts(before: Throttle | None, key: str, limits: Limits, now: datetime, *, count: int = 1) -> Throttle:
    """The throttle after ``count`` more attempts."""
    if before is None or _is_forgotten(before, limits, now):
        fresh = Throttle(key=key, failures=0, first_failed_at=now, blocked_until=None)
        return _after(fresh, count, now, limits)
    return _after(before, before.failures + count, now, limits)


def take_back(before: Throttle, limits: Limits, *, count: int) -> Throttle | None:
    """The throttle without attempts that turned out well; None when nothing is left of it."""
    left = before.failures - count
    if left <= 0:
        return None
    began = block_began_at(before, limits)
    return _after(before, left, began or before.first_failed_at, limits)


def blocks_until(throttle: Throttle | None, now: datetime) -> datetime | None:
    """The end of the wait that is on at ``now``."""
    if throttle is None or throttle.blocked_until is None or throttle.blocked_until <= now:
        return None
    return throttle.blocked_until


def blocks_begun_attempt_until(
    throttle: Throttle | None, limits: Limits, now: datetime, *, begun_at: datetime
) -> datetime | None:
    """As :func:`blocks_until`, for an attempt that was let in at ``begun_at``: the wait that it caused itself, by
    being counted, is not its own."""
    until = blocks_until(throttle, now)
    if throttle is None or until is None:
        return None
    began = block_began_at(throttle, limits)
    return until if began is None or began > begun_at else None


def block_began_at(throttle: Throttle, limits: Limits) -> datetime | None:
    if throttle.blocked_until is None:
        return None
    return throttle.blocked_until - timedelta(seconds=block_length_s(throttle.failures, limits))


def block_length_s(failures: int, limits: Limits) -> int:
    """Seconds of waiting after so many attempts."""
    beyond = failures - limits.free
    if beyond <= 0 or limits.base_block_s <= 0:
        return 0
    # The exponent is bounded first: an attacker must not choose the size of a number.
    return min(limits.max_block_s, limits.base_block_s << min(beyond - 1, 32))


def most_attempts(limits: Limits, span_s: int) -> int:
    """No attempts of whatever order and pace exceed this number within ``span_s`` seconds.

    From one moment at which everything is forgotten to the next, at least ``memory_s`` pass; each such stretch has its
    free attempts and its short waits, and the longest waits follow one another over the whole span.
    """
    stretches = span_s // max(1, limits.memory_s) + 2
    short, length_s = 1, max(1, limits.base_block_s)
    while length_s < limits.max_block_s:
        short, length_s = short + 1, length_s * 2
    return stretches * (limits.free + short) + span_s // max(1, limits.max_block_s) + 1


def _is_forgotten(throttle: Throttle, limits: Limits, now: datetime) -> bool:
    last = max(throttle.first_failed_at, throttle.blocked_until or throttle.first_failed_at)
    return now >= last + timedelta(seconds=limits.memory_s)


def _after(before: Throttle, failures: int, began: datetime, limits: Limits) -> Throttle:
    length_s = block_length_s(failures, limits)
    until = began + timedelta(seconds=length_s) if length_s else None
    return msgspec.structs.replace(before, failures=failures, blocked_until=until)
