"""What rotation tells of itself."""

from datetime import datetime
from enum import StrEnum

import msgspec

from broker.model.sealing import KeyHolder, SealedKind


class Stage(StrEnum):
    """Where a rotation stands. Every stage can be entered again after a kill."""

    AT_REST = "at_rest"
    AWAITS_BROKERS = "awaits_brokers"
    """A running broker does not have the newest key yet, or does not seal by it yet."""
    RESEALING = "resealing"


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One key of the file. ``sealed``: how many stored values only it opens."""

    id: str
    is_in_use: bool
    sealed: dict[SealedKind, int]

    @property
    def total(self) -> int:
        return sum(self.sealed.values())


class KeyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``left``: values that another key than the newest has sealed. ``waits_for``: brokers by host and process."""

    stage: Stage
    keys: tuple[KeyRow, ...]
    brokers: tuple[KeyHolder, ...]
    waits_for: tuple[str, ...]
    left: int
    promoted_at: datetime | None


class RetireRefusal(StrEnum):
    UNKNOWN_KEY = "unknown_key"
    KEY_IN_USE = "key_in_use"
    """It seals, or the newest does not seal everywhere yet."""
    STILL_SEALED = "still_sealed"
    """Values that only it opens."""
    BROKERS_BEHIND = "brokers_behind"
    TOO_EARLY = "too_early"
    """What was under way when the newest key took over may not have been written yet."""


class RetireRefused(msgspec.Struct, frozen=True):
    why: RetireRefusal
    detail: str = ""
