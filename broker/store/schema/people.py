"""Tenants, the host names that they are reached by, and their people."""

from typing import Final

from sqlalchemy import Boolean, Column, String, Table, Text, UniqueConstraint, false, text

from broker.store.columns import Json, UtcTime
from broker.store.schema.metadata import METADATA, belongs_to_tenant

TENANT: Final = Table(
    "tenant",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name_ja", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("mode_until", UtcTime),
    Column("mode_is_drill", Boolean, nullable=False, server_default=false()),
    Column("rules", Json, nullable=False, server_default="{}"),
)

TENANT_HOSTNAME: Final = Table(
    "tenant_hostname",
    METADATA,
    Column("hostname", String(255), primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    belongs_to_tenant(),
)

USER: Final = Table(
    "user_account",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("login", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("groups", Json, nullable=False),
    Column("roles", Json, nullable=False),
    Column("heads", Json, nullable=False, server_default="[]"),
    Column("manager", Text, nullable=False, server_default=text("''")),
    Column("is_locked", Boolean, nullable=False),
    Column("last_signed_in_at", UtcTime),
    Column("left_at", UtcTime),
    UniqueConstraint("tenant_id", "login"),
    belongs_to_tenant(),
)
