"""What decisions rest on besides people and pools, and the decisions themselves."""

from typing import Final

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table, Text

from broker.store.columns import UtcTime
from broker.store.schema.metadata import METADATA, belongs_to_tenant

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
