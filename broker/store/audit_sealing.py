"""What the sealer needs of the database: unsealed records, the head of a chain, checkpoints."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select, union, update

from broker.audit.records import ChainHead
from broker.errors import StoreError
from broker.model.ids import TenantId
from broker.model.records import AuditRecord
from broker.ports import AuditCheckpoint
from broker.store.schema.audit import AUDIT_CHECKPOINT, AUDIT_HEAD, AUDIT_RECORD
from broker.store.statements import Statements, columns_of


class SqlChain:
    """Implements :class:`broker.audit.records.ChainTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def list_chained_tenants(self) -> list[TenantId]:
        """Every tenant that has a record, a head or a checkpoint."""
        tables = (AUDIT_RECORD, AUDIT_HEAD, AUDIT_CHECKPOINT)
        everyone = union(*(select(table.c.tenant_id) for table in tables))
        return sorted(TenantId(name) for name in (await self._db.run(everyone)).scalars())

    async def list_unsealed_tenants(self) -> list[TenantId]:
        waiting = select(AUDIT_RECORD.c.tenant_id).where(AUDIT_RECORD.c.seq.is_(None)).distinct()
        return sorted(TenantId(name) for name in (await self._db.run(waiting)).scalars())

    async def read_head(self, tenant_id: TenantId) -> ChainHead:
        head = select(AUDIT_HEAD).where(AUDIT_HEAD.c.tenant_id == tenant_id)
        return await self._db.one(ChainHead, head) or ChainHead()

    async def read_heads(self) -> dict[TenantId, ChainHead]:
        heads = (await self._db.run(select(AUDIT_HEAD))).mappings()
        return {TenantId(row["tenant_id"]): ChainHead(row["seq"], row["record_hash"]) for row in heads}

    async def hold_head(self, tenant_id: TenantId) -> ChainHead | None:
        """The head, locked to the end of the transaction; None while another broker holds it."""
        head = select(AUDIT_HEAD).where(AUDIT_HEAD.c.tenant_id == tenant_id)
        # A trigger refuses what collides with a row, even when it would then do nothing: so look first.
        if await self._db.one(ChainHead, head) is None:
            await self._db.add_if_new(AUDIT_HEAD, {"tenant_id": tenant_id, **columns_of(ChainHead())})
        return await self._db.one(ChainHead, head.with_for_update(skip_locked=True))

    async def list_unsealed(self, tenant_id: TenantId, limit: int) -> list[AuditRecord]:
        """What is committed and not sealed, by id. A smaller id may turn up later: ``seq`` is the order of sealing."""
        waiting = (AUDIT_RECORD.c.tenant_id == tenant_id, AUDIT_RECORD.c.seq.is_(None))
        return await self._db.every(
            AuditRecord, select(AUDIT_RECORD).where(*waiting).order_by(AUDIT_RECORD.c.id).limit(limit)
        )

    async def seal(self, tenant_id: TenantId, before: ChainHead, sealed: Sequence[AuditRecord]) -> None:
        """Store ``seq`` and hashes, and move the head on from ``before`` (compare-and-swap).

        Raises :class:`StoreError` when the head is no longer there.
        """
        seal = (
            update(AUDIT_RECORD)
            .where(AUDIT_RECORD.c.id == bindparam("of_id"), AUDIT_RECORD.c.seq.is_(None))
            .values(seq=bindparam("to_seq"), previous_hash=bindparam("to_previous"), record_hash=bindparam("to_hash"))
        )
        rows = [
            {"of_id": it.id, "to_seq": it.seq, "to_previous": it.previous_hash, "to_hash": it.record_hash}
            for it in sealed
        ]
        await self._db.run(seal, rows)
        last = sealed[-1]
        unmoved = (AUDIT_HEAD.c.tenant_id == tenant_id, AUDIT_HEAD.c.seq == before.seq)
        moved = update(AUDIT_HEAD).where(*unmoved).values(seq=last.seq, record_hash=last.record_hash)
        if await self._db.touched(moved) != 1:
            raise StoreError(f"the audit chain of {tenant_id} was moved on by somebody else")

    async def add_checkpoint(self, checkpoint: AuditCheckpoint) -> bool:
        """False when there is one for this ``seq`` already."""
        column = AUDIT_CHECKPOINT.c
        same = (column.tenant_id == checkpoint.tenant_id, column.seq == checkpoint.seq)
        if await self._db.one(AuditCheckpoint, select(AUDIT_CHECKPOINT).where(*same)) is not None:
            return False
        return await self._db.add_if_new(AUDIT_CHECKPOINT, columns_of(checkpoint))

    async def list_checkpoints(self, tenant_id: TenantId) -> list[AuditCheckpoint]:
        theirs = select(AUDIT_CHECKPOINT).where(AUDIT_CHECKPOINT.c.tenant_id == tenant_id)
        return await self._db.every(AuditCheckpoint, theirs.order_by(AUDIT_CHECKPOINT.c.seq))
