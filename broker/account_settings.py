"""Settings of local accounts, and how their passwords are hashed."""

from typing import Annotated

import msgspec


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class LocalAccountSettings(_Settings, frozen=True, kw_only=True):
    """Accounts that are in no directory (``sekisho user add-local``)."""

    is_only: bool = False
    """The tenant has no directory: nobody but local accounts."""
    min_length: Annotated[int, msgspec.Meta(ge=8, le=64)] = 12
    min_kinds: Annotated[int, msgspec.Meta(ge=1, le=4)] = 3
    """Of small letters, capitals, digits and other signs, so many kinds."""
    refused_words: list[str] = []
    """Words that are guessed first here, besides common passwords and the municipality's and the person's names."""
    one_time_s: Annotated[int, msgspec.Meta(ge=600, le=2_592_000)] = 259_200
    """How long a one-time password may be used (3 days)."""


class PasswordHashSettings(_Settings, frozen=True, kw_only=True):
    """Argon2id for local accounts: the second choice of RFC 9106, section 4. A password that was hashed with other
    values is hashed again at its next sign-in. OWASP asks for at least 19456 KiB, two passes and one lane."""

    time_cost: Annotated[int, msgspec.Meta(ge=1, le=20)] = 3
    memory_kib: Annotated[int, msgspec.Meta(ge=8192, le=2_097_152)] = 65_536
    lanes: Annotated[int, msgspec.Meta(ge=1, le=16)] = 4
    max_threads: Annotated[int, msgspec.Meta(ge=1, le=32)] = 2
    """So many passwords are hashed at the same time, each with ``memory_kib``."""
