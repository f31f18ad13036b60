"""Passkeys, challenges that wait for their answer, notices of changed factors."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from broker.store.columns import UtcTime
from broker.store.schema.metadata import METADATA, belongs_to_tenant, refers_to

PASSKEY: Final = Table(
    "passkey",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("user_id", String(64), nullable=False),
    Column("rp_id", Text, nullable=False),
    Column("credential_id", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("aaguid", String(36), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    refers_to("user_account", "user_id"),
    Index("ux_passkey_credential", "tenant_id", "credential_id", unique=True),
    Index("ix_passkey_user", "tenant_id", "user_id"),
)

PASSKEY_CHALLENGE: Final = Table(
    "passkey_challenge",
    METADATA,
    Column("challenge_hash", LargeBinary(32), primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    Column("bound_to", LargeBinary(32), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    belongs_to_tenant(),
    Index("ix_passkey_challenge_bound", "bound_to"),
)

FACTOR_NOTICE: Final = Table(
    "factor_notice",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("what", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("address", Text, nullable=False),
    refers_to("user_account", "user_id"),
)
