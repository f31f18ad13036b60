"""The directory's own lock of an account, which must never be caused from here.

Before a password goes out, the count of wrong ones that the directory keeps for this very account is looked at, by
whatever name it was found and wherever the failures came from. Strangers stop some tries earlier than those who are
known by their browser or device, so that a flood neither locks an account nor uses up its owner's tries.
"""

import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from auth.ldap_connection import Entry
from broker.model.kinds import DirectoryKind
from broker.model.passwords import LockoutPolicy

LOCKOUT_ATTRIBUTES: Final = (
    "badPwdCount", "badPasswordTime", "msDS-User-Account-Control-Computed", "pwdFailureTime",
)  # fmt: skip
READ_AGAIN_S: Final = 600.0
_RESERVE: Final = 3
_UAC_LOCKED: Final = 0x10
_FILE_TIME_BEGINS: Final = datetime(1601, 1, 1, tzinfo=UTC)


class Count(msgspec.Struct, frozen=True):
    """Wrong passwords that still count. ``is_told``: the directory showed its count, even if it is nothing."""

    number: int
    is_told: bool


def limit_of(policy: LockoutPolicy, assumed: int, *, is_known: bool) -> int | None:
    """So many wrong passwords an account may have when one more is tried; None: it is never locked.

    ``assumed`` is the threshold of an account whose rules the directory hides; 0: there is none such.
    """
    thresholds = [number for number in (policy.threshold or 0, assumed) if number > 0]
    if not thresholds:
        return None
    last = max(1, min(thresholds) - 1)
    return last if is_known else max(1, last - min(_RESERVE, last // 2))


def count_failures(entry: Entry, kind: DirectoryKind, window_s: int, now: datetime) -> Count:
    """What the entry tells of wrong passwords."""
    since = now - timedelta(seconds=window_s)
    if kind is DirectoryKind.ACTIVE_DIRECTORY:
        number, last = entry.first("badPwdCount"), _file_time(entry.first("badPasswordTime"))
        is_fresh = last is None or last > since
        return Count(int(number) if number and number.isdecimal() and is_fresh else 0, number is not None)
    times = entry.values.get("pwdfailuretime", ())
    return Count(sum(_is_after(moment, since) for moment in times), bool(times))


def is_locked(entry: Entry) -> bool:
    """Whether the directory has locked the account by itself."""
    computed = entry.first("msDS-User-Account-Control-Computed") or "0"
    return bool(entry.first("pwdAccountLockedTime")) or (computed.isdecimal() and bool(int(computed) & _UAC_LOCKED))


class _Run(msgspec.Struct):
    """Tries at one account from this process. ``failed_at``: moments of failures, by the steady clock."""

    in_flight: int = 0
    failed_at: list[float] = []


class Reckoning:
    """Tries of this process that the count just read can't hold yet. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: defaultdict[str, _Run] = defaultdict(_Run)
        self._is_told = False

    def may_try(self, dn: str, count: Count, limit: int, *, read_s: float, window_s: float) -> bool:
        """Take the right to one try; every right that was taken is given back by :meth:`end`.

        ``read_s``: when ``count`` was asked for, by :func:`time.monotonic`; failures since then are added to it.
        """
        with self._lock:
            self._is_told = self._is_told or count.is_told
            run = self._runs[dn.casefold()]
            now_s = time.monotonic()
            run.failed_at = [at for at in run.failed_at if now_s - at < window_s]
            since = sum(at >= read_s for at in run.failed_at)
            # A directory that hides its count is taken at our own.
            known = count.number + since if self._is_told else len(run.failed_at)
            if known + run.in_flight >= limit:
                return False
            run.in_flight += 1
            return True

    def end(self, dn: str, *, has_failed: bool, has_passed: bool = False) -> None:
        """The try is over. A password that passed makes the directory forget what was before."""
        with self._lock:
            run = self._runs[dn.casefold()]
            run.in_flight -= 1
            if has_passed:
                run.failed_at.clear()
            elif has_failed:
                run.failed_at.append(time.monotonic())
            if not run.in_flight and not run.failed_at:
                del self._runs[dn.casefold()]


class Lockouts:
    """What is known of one directory's lock, and who tries which account now."""

    def __init__(self, assumed: int) -> None:
        self.reckoning = Reckoning()
        self.assumed = assumed
        self._policy: LockoutPolicy | None = None
        self._read_s = 0.0

    def known(self, now_s: float) -> LockoutPolicy | None:
        """The directory's rules, unless they have to be read (again)."""
        return self._policy if now_s - self._read_s < READ_AGAIN_S else None

    def learn(self, policy: LockoutPolicy, now_s: float) -> None:
        self._policy, self._read_s = policy, now_s


def _file_time(text: str | None) -> datetime | None:
    if text is None or not text.isdecimal() or int(text) == 0:
        return None
    try:
        return _FILE_TIME_BEGINS + timedelta(microseconds=int(text) // 10)
    except OverflowError:
        return None


def _is_after(moment: str, since: datetime) -> bool:
    """A generalized time (RFC 4517, 3.3.13) in UTC; one that can't be read counts."""
    try:
        return datetime.strptime(moment[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC) >= since - timedelta(seconds=1)
    except ValueError:
        return True
