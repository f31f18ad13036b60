"""What a directory demands of passwords, and why it would not take one."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class NewPasswordFault(StrEnum):
    """Why a new password was not taken, as far as the directory tells. ``rules``: it said no more than that."""

    TOO_SHORT = "too_short"
    TOO_SIMPLE = "too_simple"
    CONTAINS_NAME = "contains_name"
    COMMON = "common"
    """Among what is guessed first."""
    USED_BEFORE = "used_before"
    TOO_YOUNG = "too_young"
    NOT_ALLOWED = "not_allowed"
    UNUSABLE = "unusable"
    RULES = "rules"


class PasswordPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Rules for one person's passwords. A field is None where the directory does not tell."""

    min_length: int | None = None
    history: int | None = None
    """So many old passwords are not taken again."""
    min_age_s: int | None = None
    """A password has to be kept at least so long."""
    max_age_s: int | None = None
    needs_kinds: bool | None = None
    """Characters of three kinds, and not one's own name (Windows' complexity)."""


class LockoutPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """After how many wrong passwords a directory locks an account. ``threshold`` 0: never; None: it does not tell.

    A wrong password is forgotten when ``window_s`` have passed since the last one.
    """

    threshold: int | None
    window_s: int


def strictest(found: Sequence[LockoutPolicy | None]) -> LockoutPolicy:
    """The least threshold with the longest window. Nothing that could be read: not known."""
    known = [policy for policy in found if policy is not None]
    locking = [policy for policy in known if policy.threshold]
    if not locking:
        return LockoutPolicy(threshold=0 if known else None, window_s=0)
    return LockoutPolicy(
        threshold=min(policy.threshold or 0 for policy in locking), window_s=max(policy.window_s for policy in locking)
    )
