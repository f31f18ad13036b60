"""Devices, their certificates and the authority of each tenant."""

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text, text

from broker.store.columns import SealedBytes, UtcTime
from broker.store.schema.metadata import METADATA, belongs_to_tenant, refers_to

_IN_USE: Final = text("revoked_at IS NULL")

DEVICE_AUTHORITY: Final = Table(
    "device_authority",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("certificate", LargeBinary, nullable=False),
    Column("key", SealedBytes, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    belongs_to_tenant(),
)

DEVICE: Final = Table(
    "device",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    # By login: a device may be made ready before its owner's first sign-in.
    Column("owner", Text),
    Column("sim_line", Text, nullable=False),
    Column("enrolled_at", UtcTime, nullable=False),
    Column("enrolled_by", Text, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("warned_days", Integer),
    Column("last_seen_at", UtcTime),
    Column("last_address", Text, nullable=False),
    Column("revoked_at", UtcTime),
    Column("revoke_reason", Text, nullable=False),
    belongs_to_tenant(),
    Index("uq_device_name", "tenant_id", "name", unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE),
    Index("ix_device_owner", "tenant_id", "owner"),
)

DEVICE_CERTIFICATE: Final = Table(
    "device_certificate",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("serial", String(64), primary_key=True),
    Column("device_id", String(64), nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("not_after", UtcTime, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("revoked_at", UtcTime),
    refers_to("device", "device_id"),
    Index("ix_device_certificate_device", "tenant_id", "device_id"),
)
