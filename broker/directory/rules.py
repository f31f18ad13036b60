"""What a round of a sync does: whether one is due, what is new, and whether who was not seen is gone. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from broker.model.directory import (
    Absence,
    DirectoryState,
    Doubt,
    ListedGroup,
    ListedPerson,
    SyncKind,
    SyncPhase,
)

RETRY_S: Final = 60.0
"""After a failure, when no changes are due earlier."""

BELIEVED_AFTER: Final = timedelta(hours=24)
"""For so long an answer must stay as small as it is before it is believed without the desk."""

KEPT_GONE: Final = timedelta(days=90)
"""For so long an entry that is gone is kept, so that whoever comes back is the same one."""

_MAX_MISSING_SHARE: Final = 0.2
_MAX_BELIEVED_SHARE: Final = 0.5
_FEW: Final = 5


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """Of one directory, in seconds."""

    changes_s: float
    full_s: float


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A page beside what is kept: what has to be written, and the ids of what is kept already."""

    people: tuple[ListedPerson, ...] = ()
    groups: tuple[ListedGroup, ...] = ()
    same: frozenset[str] = frozenset()
    added: int = 0
    changed: int = 0


def due_round(state: DirectoryState, now: datetime, rhythm: Rhythm) -> SyncKind | None:
    """What should be read now. A round that its broker did not end is begun anew."""
    is_due = state.next_at is None or now >= state.next_at
    if state.asked is None and state.phase is SyncPhase.IDLE and not is_due:
        return None
    is_old = state.full_at is None or now >= state.full_at + timedelta(seconds=rhythm.full_s)
    is_cut_off = state.phase is SyncPhase.READING and state.kind is SyncKind.FULL
    is_full = SyncKind.FULL in (state.asked, SyncKind.FULL if is_old or is_cut_off or state.cursor is None else None)
    return SyncKind.FULL if is_full else SyncKind.CHANGES


def next_time(now: datetime, rhythm: Rhythm, *, has_failed: bool) -> datetime:
    wait_s = min(RETRY_S, rhythm.changes_s) if has_failed else rhythm.changes_s
    return now + timedelta(seconds=wait_s)


def compare(
    people: Iterable[ListedPerson],
    groups: Iterable[ListedGroup],
    kept: Mapping[str, ListedPerson | None],
    kept_groups: Mapping[str, str | None],
) -> Compared:
    """By entry id. What is kept as gone (None) counts as new when it is seen again. Of an entry that a page holds
    twice the last one counts."""
    latest = {person.entry_id: person for person in people}
    latest_groups = {group.entry_id: group for group in groups}
    new = [one for one in latest.values() if kept.get(one.entry_id) != one]
    new_groups = [one for one in latest_groups.values() if kept_groups.get(one.entry_id) != one.name]
    added = [one for one in new if kept.get(one.entry_id) is None]
    added_groups = [one for one in new_groups if kept_groups.get(one.entry_id) is None]
    written = {person.entry_id for person in new} | {group.entry_id for group in new_groups}
    return Compared(
        people=tuple(new),
        groups=tuple(new_groups),
        same=frozenset({*latest, *latest_groups} - written),
        added=len(added) + len(added_groups),
        changed=len(new) - len(added) + len(new_groups) - len(added_groups),
    )


def doubt_of(absence: Absence, before: Doubt | None, round_: int, now: datetime) -> Doubt | None:
    """Why a whole answer is not believed that holds much less than is kept; None: who was not seen is gone.

    A moved branch, an account that may read less, a server that was set up anew look the same as people who left. An
    answer without up to half of them is believed once nothing else has come for a day; without more than half, or
    without anybody, only the desk decides.
    """
    people = _share(absence.known, absence.missing)
    groups = _share(absence.known_groups, absence.missing_groups)
    if people is None and groups is None:
        return None
    since = now if before is None else before.since
    if max(people or 0.0, groups or 0.0) <= _MAX_BELIEVED_SHARE and now >= since + BELIEVED_AFTER:
        return None
    return Doubt(
        round=round_,
        since=since,
        known=absence.known,
        missing=absence.missing,
        known_groups=absence.known_groups,
        missing_groups=absence.missing_groups,
    )


def _share(known: int, missing: int) -> float | None:
    """None where so many may well have left."""
    if missing == 0 or (missing < known and missing <= max(_FEW, known * _MAX_MISSING_SHARE)):
        return None
    return missing / known
