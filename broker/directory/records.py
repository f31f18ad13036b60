"""What the console learns about directories, and what it asks for in vain."""

from datetime import datetime

import msgspec

from broker.model.directory import Counted, DirectoryCounts, DirectoryState, KnownPerson
from broker.model.ids import UserId


class DirectoryView(msgspec.Struct, frozen=True, kw_only=True):
    """One directory. ``now`` is the database's clock when it was looked at."""

    id: str
    state: DirectoryState
    counts: DirectoryCounts
    now: datetime


class DepartmentsAndGroups(msgspec.Struct, frozen=True, kw_only=True):
    departments: tuple[Counted, ...]
    groups: tuple[str, ...]


class FoundPeople(msgspec.Struct, frozen=True, kw_only=True):
    """A page. ``next_after``: where the next one begins; None on the last."""

    people: tuple[KnownPerson, ...]
    next_after: tuple[str, str] | None
    now: datetime


class SyncAsked(msgspec.Struct, frozen=True):
    """How many directories will be synced at once."""

    directories: int


class Prepared(msgspec.Struct, frozen=True):
    """They have an account here now, as after a first sign-in, and nothing more."""

    user_id: UserId


class NoSuchDirectory(msgspec.Struct, frozen=True):
    pass


class NothingDoubted(msgspec.Struct, frozen=True):
    """There is no doubted answer, or it is another one by now."""


class DoubtConfirmed(msgspec.Struct, frozen=True):
    """So many people will be marked as gone."""

    missing: int
