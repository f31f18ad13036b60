"""Local accounts."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from broker.store.columns import UtcTime
from broker.store.schema.metadata import METADATA, refers_to

LOCAL_ACCOUNT: Final = Table(
    "local_account",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("login", Text, nullable=False),
    Column("login_key", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("one_time_until", UtcTime),
    Column("password_set_at", UtcTime, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
    Column("is_emergency", Boolean, nullable=False),
    Column("expires_at", UtcTime),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("version", Integer, nullable=False),
    refers_to("user_account", "user_id"),
    Index("uq_local_account_login", "tenant_id", "login_key", unique=True),
)
