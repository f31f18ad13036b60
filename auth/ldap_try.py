"""One try of a password, counted until the directory's own count holds it."""

from datetime import UTC, datetime
from typing import Final

from auth.ldap_connection import Entry
from auth.ldap_lockout import Lockouts, count_failures, is_locked, limit_of
from broker.model.kinds import DirectoryKind
from broker.model.passwords import LockoutPolicy
from broker.model.reasons import SigninRefusal
from broker.ports import (
    ChangeAnswer,
    DirectoryUnavailable,
    OldPasswordRefused,
    PasswordAccepted,
    PasswordRejected,
)

_ASSUMED_WINDOW_S: Final = 1800


class Try:
    """One try of a password at one account, in so far as the directory's own lock allows it."""

    def __init__(
        self,
        lockouts: Lockouts,
        kind: DirectoryKind,
        entry: Entry,
        policy: LockoutPolicy,
        read_s: float,
        *,
        is_known: bool,
    ) -> None:
        self._reckoning = lockouts.reckoning
        self._dn = entry.dn
        self._has_begun = self._has_passed = False
        self._has_failed = True
        # Somebody whom nobody is has no count, and costs the same work.
        window_s = policy.window_s or _ASSUMED_WINDOW_S
        count = count_failures(entry, kind, window_s, datetime.now(UTC))
        limit = limit_of(policy, lockouts.assumed, is_known=is_known)
        self._is_counted = limit is not None
        self.is_allowed = limit is None or self._reckoning.may_try(
            entry.dn, count, limit, read_s=read_s, window_s=window_s
        )
        self.refusal = SigninRefusal.DIRECTORY_LOCKED if is_locked(entry) else SigninRefusal.LOCKOUT_NEAR

    def begin(self) -> None:
        """From here on the directory may have counted it, whatever comes."""
        self._has_begun = True

    def note(self, outcome: PasswordAccepted | PasswordRejected | DirectoryUnavailable) -> None:
        self._has_passed = isinstance(outcome, PasswordAccepted) and not outcome.must_change
        self._has_failed = isinstance(outcome, PasswordRejected) and outcome.cause is SigninRefusal.WRONG_PASSWORD

    def note_change(self, answer: ChangeAnswer) -> None:
        self._has_failed = isinstance(answer, OldPasswordRefused)

    def __enter__(self) -> "Try":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_counted and self.is_allowed:
            has_failed = self._has_begun and self._has_failed
            self._reckoning.end(self._dn, has_failed=has_failed, has_passed=self._has_passed)
