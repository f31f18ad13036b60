"""The audit, the head of each tenant's chain, and the signed checkpoints.

No reference to other tables: a record outlives whatever it tells of. Triggers (in the migrations) refuse to
change or remove a record.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint, text

from broker.store.columns import Json, UtcTime
from broker.store.schema.metadata import METADATA

_UNSEALED: Final = text("seq IS NULL")

AUDIT_RECORD: Final = Table(
    "audit_record",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant_id", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("event", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("detail", Json, nullable=False),
    Column("seq", BigInteger),
    Column("previous_hash", LargeBinary(32)),
    Column("record_hash", LargeBinary(32)),
    UniqueConstraint("tenant_id", "seq"),
    Index("ix_audit_record_tenant", "tenant_id", "id"),
    Index("ix_audit_record_unsealed", "tenant_id", "id", sqlite_where=_UNSEALED, postgresql_where=_UNSEALED),
    # Ids of removed rows are never given out again.
    sqlite_autoincrement=True,
)

AUDIT_HEAD: Final = Table(
    "audit_head",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("record_hash", LargeBinary(32), nullable=False),
)

AUDIT_CHECKPOINT: Final = Table(
    "audit_checkpoint",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("record_hash", LargeBinary(32), nullable=False),
    Column("signed_at", UtcTime, nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
)
