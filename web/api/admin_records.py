"""Answers of the API to the console's roles. No address of a desktop, no credential, no secret is in them."""

from datetime import datetime
from typing import Annotated

import msgspec

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.kinds import DesktopProtocol, Origin, PoolApplication, PoolKind, Role
from web.api.directory_records import DirectoryMember

ReasonText = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"\S")]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is done; goes into the audit."""

    reason: ReasonText


class AdminPool(msgspec.Struct, frozen=True, kw_only=True):
    """``zone`` is its id; ``counts`` of desktops by state. ``allowed_destinations`` and ``homepage`` are those of a
    virtual browser."""

    id: str
    zone: str
    name_ja: str
    name_en: str
    kind: PoolKind
    provider: str
    protocol: DesktopProtocol
    is_open: bool
    target_ready: int
    max_size: int
    counts: dict[str, int]
    queued: int
    live_sessions: int
    connected: int
    disconnected: int
    provider_fault: str | None
    application: PoolApplication
    allowed_destinations: tuple[str, ...]
    homepage: str


class PoolGate(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the pool takes new sessions."""

    id: str
    is_open: bool


class AdminDesktop(msgspec.Struct, frozen=True, kw_only=True):
    """``user`` is the login of who has it assigned, or owns it."""

    id: str
    name: str
    pool: str
    state: DesktopState
    state_since: datetime
    user: str | None
    display_name: str | None
    assigned_since: datetime | None
    fault: str | None
    failures: int


class AdminSession(msgspec.Struct, frozen=True, kw_only=True):
    """A live session. ``pool`` is its id, ``desktop`` its name."""

    id: str
    state: SessionState
    pool: str
    user_id: str
    login: str
    display_name: str
    department: str
    desktop: str | None
    desktop_id: str | None
    origin: Origin
    address: str
    created_at: datetime
    started_at: datetime | None


class AdminPools(msgspec.Struct, frozen=True):
    pools: list[AdminPool]


class AdminDesktops(msgspec.Struct, frozen=True):
    desktops: list[AdminDesktop]


class AdminSessions(msgspec.Struct, frozen=True):
    sessions: list[AdminSession]


class Terminated(msgspec.Struct, frozen=True, kw_only=True):
    """``work_goes_on_until_limit``: the host can't log off by our hand, its own limit ends the work there."""

    session_id: str
    work_goes_on_until_limit: bool


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the audit. ``seq`` and ``record_hash`` (hexadecimal) are null until it is sealed."""

    id: int
    at: datetime
    event: str
    version: int
    actor: str
    subject: str
    outcome: str
    address: str
    detail: dict[str, str]
    seq: int | None
    record_hash: str | None


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. ``next_before`` goes into ``before`` for the next page; null at the end."""

    records: list[AuditLine]
    next_before: int | None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person as the directory showed them at their last sign-in."""

    id: str
    login: str
    display_name: str
    department: str
    roles: list[Role]
    is_locked: bool
    is_enrolled: bool
    last_signed_in_at: datetime | None
    left_at: datetime | None


class People(msgspec.Struct, frozen=True):
    people: list[Person]
    newcomers: list[DirectoryMember]
    """Known from their directory alone."""


class MeasureTaken(msgspec.Struct, frozen=True, kw_only=True):
    """It is done and in the audit."""

    user_id: str
