"""What a directory demands of passwords, and why it would not take one."""

from enum import StrEnum

import msgspec


class NewPasswordFault(StrEnum):
    """Why a new password was not taken, as far as the directory tells. ``rules``: it said no more than that."""

    TOO_SHORT = "too_short"
    TOO_SIMPLE = "too_simple"
    CONTAINS_NAME = "contains_name"
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
