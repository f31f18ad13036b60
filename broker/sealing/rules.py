"""What a rotation does next, and whether a key may go. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from broker.model.sealing import KeyHolder
from broker.sealing.records import RetireRefusal, RetireRefused

SETTLES_WITHIN: Final = timedelta(seconds=60)
"""Longer than any transaction lives: whatever the old key sealed is in the database by then."""


class KeyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``keys`` of the file, oldest first; ``left`` counts what the newest has not sealed."""

    keys: tuple[str, ...]
    in_use: str | None
    promoted_at: datetime | None
    holders: Sequence[KeyHolder]
    left: int

    @property
    def newest(self) -> str:
        return self.keys[-1]

    @property
    def seals(self) -> str:
        """Before the first rotation the oldest seals."""
        return self.in_use or self.keys[0]


class AtRest(msgspec.Struct, frozen=True, tag=True):
    pass


class Await(msgspec.Struct, frozen=True, tag=True):
    labels: tuple[str, ...]


class Promote(msgspec.Struct, frozen=True, tag=True):
    before: str | None
    after: str


class Reseal(msgspec.Struct, frozen=True, tag=True):
    pass


NextStep = AtRest | Await | Promote | Reseal


def next_step(facts: KeyFacts) -> NextStep:
    """A key seals only when every running broker can open by it, and values move only when nobody seals by
    another one any more."""
    if facts.newest != facts.seals:
        behind = _labels(holder for holder in facts.holders if facts.newest not in holder.keys)
        return Await(behind) if behind else Promote(facts.in_use, facts.newest)
    if facts.in_use is None or not facts.left:
        return AtRest()
    behind = _labels(holder for holder in facts.holders if holder.seals_by != facts.newest)
    return Await(behind) if behind else Reseal()


def refuse_retiring(facts: KeyFacts, key: str, *, sealed: int, now: datetime) -> RetireRefused | None:
    """Why a key has to stay. ``sealed``: how many values it might be needed for."""
    if key not in facts.keys:
        return RetireRefused(RetireRefusal.UNKNOWN_KEY, ", ".join(facts.keys))
    if key == facts.seals or facts.newest != facts.seals or facts.promoted_at is None:
        return RetireRefused(RetireRefusal.KEY_IN_USE, facts.seals)
    if sealed:
        return RetireRefused(RetireRefusal.STILL_SEALED, str(sealed))
    if behind := _labels(holder for holder in facts.holders if holder.seals_by != facts.seals):
        return RetireRefused(RetireRefusal.BROKERS_BEHIND, ", ".join(behind))
    if now < facts.promoted_at + SETTLES_WITHIN:
        return RetireRefused(RetireRefusal.TOO_EARLY, (facts.promoted_at + SETTLES_WITHIN).isoformat())
    return None


def _labels(holders: Iterable[KeyHolder]) -> tuple[str, ...]:
    return tuple(sorted(holder.label for holder in holders))
