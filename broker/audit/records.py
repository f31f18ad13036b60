"""What the audit's sealer and verification work on, and what they need of the store."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from broker.model.ids import TenantId
from broker.model.records import AuditRecord
from broker.ports import AuditCheckpoint, AuditTx


class ChainHead(msgspec.Struct, frozen=True):
    """The end of a tenant's chain: the last ``seq`` (0 before the first) and the hash of that record."""

    seq: int = 0
    record_hash: bytes = bytes(32)


class ChainTx(Protocol):
    """The chains inside one transaction."""

    async def list_chained_tenants(self) -> list[TenantId]:
        """Every tenant that has a record, a head or a checkpoint."""
        ...

    async def list_unsealed_tenants(self) -> list[TenantId]: ...
    async def read_head(self, tenant_id: TenantId) -> ChainHead: ...

    async def read_heads(self) -> dict[TenantId, ChainHead]:
        """The head of every tenant that has one."""
        ...

    async def hold_head(self, tenant_id: TenantId) -> ChainHead | None:
        """The head, locked to the end of the transaction; None while another broker holds it."""
        ...

    async def list_unsealed(self, tenant_id: TenantId, limit: int) -> list[AuditRecord]:
        """Committed records without a seal, by id."""
        ...

    async def seal(self, tenant_id: TenantId, before: ChainHead, sealed: Sequence[AuditRecord]) -> None:
        """Store seals and move the head on from ``before``; raises when it is no longer there."""
        ...

    async def add_checkpoint(self, checkpoint: AuditCheckpoint) -> bool:
        """False when there is one for this ``seq`` already."""
        ...

    async def list_checkpoints(self, tenant_id: TenantId) -> list[AuditCheckpoint]: ...


class ChainTransaction(Protocol):
    @property
    def now(self) -> datetime: ...
    @property
    def audit(self) -> AuditTx: ...
    @property
    def chain(self) -> ChainTx: ...


class ChainStore(Protocol):
    """The store as sealer and verification see it."""

    def read(self) -> AbstractAsyncContextManager[ChainTransaction]: ...
    def write(self) -> AbstractAsyncContextManager[ChainTransaction]: ...


class FindingKind(StrEnum):
    """What verification can find."""

    RECORD_CHANGED = "record_changed"
    RECORD_MISSING = "record_missing"
    LINK_BROKEN = "link_broken"
    TAIL_CUT = "tail_cut"
    ANCHOR_CONTRADICTED = "anchor_contradicted"
    ANCHOR_FORGED = "anchor_forged"
    ANCHOR_UNREADABLE = "anchor_unreadable"
    ANCHOR_CUT = "anchor_cut"
    UNSEALED_TOO_LONG = "unsealed_too_long"


MEANINGS = {
    FindingKind.RECORD_CHANGED: "the record's content or its hash was changed after it was sealed",
    FindingKind.RECORD_MISSING: "a record was removed from the middle (or the beginning) of the chain",
    FindingKind.LINK_BROKEN: "the record does not follow the one before it: one of the two was replaced or moved",
    FindingKind.TAIL_CUT: "the chain ends before a point that it had reached: its newest records were removed",
    FindingKind.ANCHOR_CONTRADICTED: "the chain was written anew: a signed checkpoint holds another hash here",
    FindingKind.ANCHOR_FORGED: "a checkpoint's signature is not ours",
    FindingKind.ANCHOR_UNREADABLE: "a line of the anchor file does not read: damaged, or torn by a power cut",
    FindingKind.ANCHOR_CUT: "the database knows newer checkpoints than the anchor file: the file was cut or replaced",
    FindingKind.UNSEALED_TOO_LONG: "a record was not sealed in time: no broker's sealer runs, or the seal was removed",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it must be. ``seq`` is where, if that is known; ``place`` is in words."""

    kind: FindingKind
    tenant_id: TenantId | None = None
    seq: int | None = None
    place: str = ""

    @property
    def meaning(self) -> str:
        """What it tells, in plain words."""
        return MEANINGS[self.kind]


class ChainReport(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant's chain. ``anchored_seq`` is how far signed checkpoints outside of the database vouch for it."""

    tenant_id: TenantId
    records: int
    last_seq: int
    anchored_seq: int
    unsealed: int
    findings: tuple[Finding, ...]


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """All chains. ``findings`` holds what concerns the anchor file as a whole."""

    chains: tuple[ChainReport, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not self.all_findings

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        return (*self.findings, *(finding for chain in self.chains for finding in chain.findings))

    def first_bad_seq(self, tenant_id: TenantId) -> int | None:
        """The lowest ``seq`` of a tenant that something was found at."""
        found = [it.seq for it in self.all_findings if it.tenant_id == tenant_id and it.seq is not None]
        return min(found, default=None)
