"""What decisions rest on besides people and pools, and the decisions themselves."""

from typing import Final

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table, Text, UniqueConstraint, text

from broker.store.columns import UtcTime
from broker.store.schema.metadata import METADATA, belongs_to_tenant, refers_to

TELEWORK_APPROVAL: Final = Table(
    "telework_approval",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    # By login: an approval may come before the person's first sign-in.
    Column("login", Text, primary_key=True),
    Column("ends_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", UtcTime, nullable=False),
    belongs_to_tenant(),
)

CONSENT: Final = Table(
    "consent",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("given_at", UtcTime, primary_key=True),
    Column("version", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("address", Text, nullable=False),
    belongs_to_tenant(),
    refers_to("user_account", "user_id"),
)

DECISION_RECORD: Final = Table(
    "decision_record",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("pool_id", String(64), nullable=False),
    Column("reason", String(32)),
    Column("version", Integer, nullable=False),
    Column("facts", Text, nullable=False),
    belongs_to_tenant(),
    Index("ix_decision_record_at", "tenant_id", "at"),
)

POLICY_EPOCH: Final = Table(
    "policy_epoch",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    # Grows with every change of a row that decisions about live sessions rest on.
    Column("number", BigInteger, nullable=False),
    belongs_to_tenant(),
)

_OPEN: Final = text("state IN ('requested', 'approved') AND until IS NOT NULL")

POLICY_CHANGE: Final = Table(
    "policy_change",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("source", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", UtcTime, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", UtcTime),
    Column("decision_note", Text, nullable=False),
    Column("ended_by", Text),
    Column("ended_at", UtcTime),
    Column("end_note", Text, nullable=False),
    Column("until", UtcTime),
    belongs_to_tenant(),
    UniqueConstraint("tenant_id", "kind", "subject", "number"),
    Index("ix_policy_change_due", "until", sqlite_where=_OPEN, postgresql_where=_OPEN),
)
