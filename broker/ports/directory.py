"""A directory read from end to end, and what is kept of it."""

from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from broker.model.directory import (
    Absence,
    Counted,
    Cursor,
    DirectoryCounts,
    DirectoryState,
    KnownPerson,
    ListedGroup,
    ListedPerson,
    SyncKind,
)
from broker.model.ids import TenantId
from broker.ports.identity import DirectoryUnavailable


class DirectoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some entries, each as it is now. People whose groups may have changed without a change of their own entry are
    told too, except those who were in one of ``groups`` and no longer are: the asker knows them."""

    people: tuple[ListedPerson, ...] = ()
    groups: tuple[ListedGroup, ...] = ()


class ReadingDone(msgspec.Struct, frozen=True):
    """The answer was whole. Without it nothing is known of entries that no page held. No cursor: the server tells
    no changes."""

    cursor: Cursor | None


class WholeNeeded(msgspec.Struct, frozen=True):
    """The changes since a cursor can't be told."""

    why: str


ReadingEvent = DirectoryPage | ReadingDone | WholeNeeded | DirectoryUnavailable
"""The last event of a reading is none of the pages."""


class DirectorySource(Protocol):
    """One directory, read page by page; its server waits while a page is dealt with."""

    def read(self, since: Cursor | None) -> AsyncGenerator[ReadingEvent]:
        """All entries, or those that changed since a cursor. Whoever stops in between closes the generator."""
        ...

    async def reread(self, logins: Sequence[str]) -> Sequence[ListedPerson] | DirectoryUnavailable:
        """Those of them that the directory knows, as they are now."""
        ...


class DirectoryTx(Protocol):
    """What is kept of directories. What changes it during a round counts only under the holder's lease."""

    async def list_states(self, tenant_id: TenantId) -> list[DirectoryState]: ...
    async def get_state(self, tenant_id: TenantId, directory: str) -> DirectoryState | None: ...

    async def add_state(self, tenant_id: TenantId, directory: str) -> None:
        """Nothing if it is known."""
        ...

    async def ask(self, tenant_id: TenantId, directory: str, kind: SyncKind) -> None:
        """A round is wanted now; a full one is not turned into a smaller one."""
        ...

    async def take_lease(self, tenant_id: TenantId, directory: str, holder: str, ttl_s: float) -> DirectoryState | None:
        """For exactly one holder while it lasts."""
        ...

    async def keep_state(self, before: DirectoryState, after: DirectoryState) -> bool:
        """False when the lease of ``before.holder``, or its round, is no longer this one: nothing was changed, and
        nothing else may be."""
        ...

    async def find_people(
        self, tenant_id: TenantId, directory: str, ids: Collection[str]
    ) -> dict[str, ListedPerson | None]:
        """By entry id, as kept; None for one that is marked as gone."""
        ...

    async def find_groups(self, tenant_id: TenantId, directory: str, ids: Collection[str]) -> dict[str, str | None]: ...

    async def put_people(
        self, tenant_id: TenantId, directory: str, people: Sequence[ListedPerson], round_: int
    ) -> None: ...
    async def put_groups(
        self, tenant_id: TenantId, directory: str, groups: Sequence[ListedGroup], round_: int
    ) -> None: ...
    async def see(self, tenant_id: TenantId, directory: str, ids: Collection[str], round_: int) -> None:
        """They are as kept, and were in this round."""
        ...

    async def count_missing(self, tenant_id: TenantId, directory: str, round_: int) -> Absence: ...

    async def sweep(self, tenant_id: TenantId, directory: str, round_: int, limit: int) -> int:
        """Mark up to ``limit`` people, or groups when no people are left, as gone whose last round was earlier."""
        ...

    async def forget(self, tenant_id: TenantId, directory: str, gone_before: datetime, limit: int) -> int:
        """Remove up to ``limit`` entries that are gone since then."""
        ...

    async def list_members(self, tenant_id: TenantId, directory: str, group: str, limit: int) -> list[str]:
        """Logins of people who are kept as members of a group."""
        ...

    async def find_login(self, tenant_id: TenantId, login: str) -> list[KnownPerson]:
        """Everybody of exactly this login who is not gone: several, where directories have namesakes."""
        ...

    async def counts(self, tenant_id: TenantId, directory: str) -> DirectoryCounts: ...
    async def list_departments(self, tenant_id: TenantId) -> list[Counted]: ...
    async def list_groups(self, tenant_id: TenantId) -> list[str]: ...

    async def search_people(
        self, tenant_id: TenantId, text: str, *, after: tuple[str, str] | None, limit: int, only_new: bool = False
    ) -> list[KnownPerson]:
        """By login, name or department; in the order of login and entry id, from behind ``after`` on. ``only_new``:
        people who never signed in."""
        ...
