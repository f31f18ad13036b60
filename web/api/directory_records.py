"""What the API tells of directories."""

from datetime import datetime

import msgspec

from broker.directory.records import DirectoryView
from broker.model.directory import KnownPerson, SyncKind, SyncPhase, SyncResult


class DoubtedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``missing`` of ``known`` people were not in it. ``round`` goes into the confirmation."""

    round: int
    since: datetime
    known: int
    missing: int
    known_groups: int
    missing_groups: int


class DirectoryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``people``, ``groups``, ``departments``: what is kept. ``read_people`` and ``read_groups``: how far the present
    round has come, or what the last one read. ``fault`` and ``result`` are those of the last round."""

    id: str
    phase: SyncPhase
    kind: SyncKind
    asked: SyncKind | None
    round: int
    result: SyncResult
    fault: str
    people: int
    groups: int
    departments: int
    read_people: int
    read_groups: int
    added: int
    changed: int
    began_at: datetime | None
    finished_at: datetime | None
    full_at: datetime | None
    next_at: datetime | None
    doubt: DoubtedAnswer | None


class Directories(msgspec.Struct, frozen=True):
    directories: list[DirectoryStatus]


class AskSync(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``directory``: an id, or none for all of them."""

    kind: SyncKind = SyncKind.CHANGES
    directory: str | None = None


class SyncOrdered(msgspec.Struct, frozen=True):
    directories: int


class PreparePerson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``login``: exactly as the directory has it."""

    login: str


class PreparedPerson(msgspec.Struct, frozen=True):
    user_id: str


class ConfirmDoubt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    round: int
    reason: str


class Confirmed(msgspec.Struct, frozen=True):
    missing: int


class DirectoryMember(msgspec.Struct, frozen=True, kw_only=True):
    """``user_id`` is there since the first sign-in."""

    directory: str
    entry_id: str
    login: str
    display_name: str
    department: str
    groups: list[str]
    is_enabled: bool
    expires_at: datetime | None
    user_id: str | None
    last_signed_in_at: datetime | None
    is_enrolled: bool


class NextPage(msgspec.Struct, frozen=True):
    """``after`` and ``entry`` of the next page."""

    after: str
    entry: str


class DirectoryPeople(msgspec.Struct, frozen=True):
    people: list[DirectoryMember]
    next_page: NextPage | None


class Department(msgspec.Struct, frozen=True):
    name: str
    people: int


class DirectoryUnits(msgspec.Struct, frozen=True):
    departments: list[Department]
    groups: list[str]


def describe_directory(view: DirectoryView) -> DirectoryStatus:
    state = view.state
    doubt = None if state.doubt is None else DoubtedAnswer(**msgspec.structs.asdict(state.doubt))
    return DirectoryStatus(
        id=view.id,
        phase=state.phase,
        kind=state.kind,
        asked=state.asked,
        round=state.round,
        result=state.result,
        fault=state.fault,
        people=view.counts.people,
        groups=view.counts.groups,
        departments=view.counts.departments,
        read_people=state.read_people,
        read_groups=state.read_groups,
        added=state.added,
        changed=state.changed,
        began_at=state.began_at,
        finished_at=state.finished_at,
        full_at=state.full_at,
        next_at=state.next_at,
        doubt=doubt,
    )


def describe_member(person: KnownPerson) -> DirectoryMember:
    return DirectoryMember(
        directory=person.directory,
        entry_id=person.entry_id,
        login=person.login,
        display_name=person.display_name,
        department=person.department,
        groups=sorted(person.groups),
        is_enabled=person.is_enabled,
        expires_at=person.expires_at,
        user_id=person.user_id,
        last_signed_in_at=person.last_signed_in_at,
        is_enrolled=person.is_enrolled,
    )
