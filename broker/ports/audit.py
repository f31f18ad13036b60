"""The audit as services see it: lines to write, pages to read, checkpoints."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from broker.model.ids import (
    TenantId,
)
from broker.model.records import (
    AuditRecord,
)
from broker.ports.naming import Names, References


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line for the audit before it is written: who did what to what, from where, and what came of it.

    ``actor`` and ``subject`` read ``kind:id`` (``user:…``, ``gateway:…``, ``system``). ``detail`` holds no secret.
    """

    tenant_id: TenantId
    event: str
    actor: str
    subject: str
    outcome: str = "ok"
    address: str = ""
    detail: Mapping[str, str] = {}


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the audit, newest first.

    ``text`` is looked for in actor, subject, event and detail; where it is (part of) a person's name or login,
    what they did and what was done to them is found too.
    """

    event_prefix: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None
    limit: int = 100


class AuditCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A signed statement that the chain of a tenant reached ``seq`` with ``record_hash``."""

    tenant_id: TenantId
    seq: int
    record_hash: bytes
    signed_at: datetime
    signature: bytes


class AuditTx(Protocol):
    """The audit inside one transaction. Nothing here changes or removes a record."""

    async def append(self, entry: AuditEntry) -> None: ...
    async def search(self, tenant_id: TenantId, query: AuditQuery) -> list[AuditRecord]: ...
    async def names_of(self, tenant_id: TenantId, references: References) -> Names:
        """What the ids on a page are called, by a fixed number of statements."""
        ...

    async def find_last(self, tenant_id: TenantId, event: str, actor: str, before: datetime) -> AuditRecord | None:
        """The newest such record from before ``before``, of the last hundred thousand records."""
        ...

    async def read_chain(self, tenant_id: TenantId, after_seq: int, limit: int) -> list[AuditRecord]: ...
    async def count_unsealed(self, tenant_id: TenantId) -> int: ...
