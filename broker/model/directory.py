"""What is kept of a directory, and how far its sync has come. Names are kept exactly."""

from datetime import datetime
from enum import StrEnum

import msgspec

from broker.model.ids import TenantId


class SyncPhase(StrEnum):
    IDLE = "idle"
    READING = "reading"
    SWEEPING = "sweeping"
    """The answer was whole: entries that it did not hold are being marked as gone."""


class SyncKind(StrEnum):
    FULL = "full"
    CHANGES = "changes"


class SyncResult(StrEnum):
    NEVER = "never"
    OK = "ok"
    FAILED = "failed"
    DOUBTED = "doubted"
    """Whole, but so much smaller than before that nobody was marked as gone."""


class ListedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person's entry. ``entry_id`` outlives a change of name (``objectGUID``, ``entryUUID``; RFC 4530)."""

    entry_id: str
    login: str
    display_name: str
    department: str
    groups: frozenset[str]
    is_enabled: bool = True
    expires_at: datetime | None = None


class ListedGroup(msgspec.Struct, frozen=True, kw_only=True):
    entry_id: str
    name: str


class Cursor(msgspec.Struct, frozen=True):
    """Up to where the changes of one server have been read. ``mark`` means something on that server alone."""

    server: str
    mark: str


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """``missing`` of ``known`` people, ``missing_groups`` of ``known_groups``, were not in the whole answer of
    ``round``. Such an answer has come since ``since``."""

    round: int
    since: datetime
    known: int
    missing: int
    known_groups: int = 0
    missing_groups: int = 0


class DirectoryState(msgspec.Struct, frozen=True, kw_only=True):
    """The sync of one directory. Counts of the present round: ``read_people``, ``read_groups``, ``added``, ``changed``.

    ``round`` counts the rounds that began; each entry remembers the last one that it was in. Only the ``holder`` may
    change anything, until ``held_until`` by the database's clock.
    """

    tenant_id: TenantId
    directory: str
    phase: SyncPhase = SyncPhase.IDLE
    kind: SyncKind = SyncKind.FULL
    round: int = 0
    asked: SyncKind | None = None
    holder: str = ""
    held_until: datetime | None = None
    began_at: datetime | None = None
    next_at: datetime | None = None
    read_people: int = 0
    read_groups: int = 0
    added: int = 0
    changed: int = 0
    server: str = ""
    mark: str = ""
    finished_at: datetime | None = None
    full_at: datetime | None = None
    result: SyncResult = SyncResult.NEVER
    fault: str = ""
    doubt: Doubt | None = None
    sweep_before: int = 0
    """Entries that were last in a round before this one are gone."""

    @property
    def cursor(self) -> Cursor | None:
        return Cursor(self.server, self.mark) if self.mark else None

    def is_held(self, now: datetime) -> bool:
        return self.held_until is not None and now < self.held_until


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """Of what is kept and not gone: how much there is, and how much of it a round did not see."""

    known: int
    missing: int
    known_groups: int = 0
    missing_groups: int = 0


class KnownPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person of a directory with what the broker itself knows: an account since the first sign-in, a factor."""

    directory: str
    entry_id: str
    login: str
    display_name: str
    department: str
    groups: frozenset[str]
    is_enabled: bool
    expires_at: datetime | None
    gone_at: datetime | None
    user_id: str | None = None
    last_signed_in_at: datetime | None = None
    is_enrolled: bool = False

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A group or a department, and how many people of the directory are in it."""

    name: str
    people: int


class DirectoryCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Of entries that are not gone."""

    people: int
    groups: int
    departments: int
