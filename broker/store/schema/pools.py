"""Zones, pools and desktops."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, false, text

from broker.store.columns import Json, SealedBytes, UtcTime
from broker.store.schema.metadata import METADATA, belongs_to_tenant, refers_to

ZONE: Final = Table(
    "zone",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("name_ja", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("max_unsupervised_s", Integer, nullable=False),
    Column("baseline_kind", String(64), nullable=False, server_default=text("''")),
    belongs_to_tenant(),
)

POOL: Final = Table(
    "pool",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("zone_id", String(64), nullable=False),
    Column("name_ja", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("protocol", String(16), nullable=False),
    Column("entitled_groups", Json, nullable=False),
    Column("origins", Json, nullable=False),
    Column("grants", Json, nullable=False),
    Column("target_ready", Integer, nullable=False),
    Column("max_size", Integer, nullable=False),
    Column("disconnect_limit_s", Integer, nullable=False),
    Column("settle_s", Integer, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("guacd_group", String(64), nullable=False),
    Column("parameters", Json, nullable=False),
    Column("restrictions", Json, nullable=False, server_default="{}"),
    Column("is_priority", Boolean, nullable=False, server_default=false()),
    Column("application", String(16), nullable=False, server_default="desktop"),
    Column("allowed_destinations", Json, nullable=False, server_default="[]"),
    Column("homepage", Text, nullable=False, server_default=text("''")),
    refers_to("zone", "zone_id"),
)

_FREE: Final = text("state = 'ready' AND owner_id IS NULL")
_OWNED: Final = text("owner_id IS NOT NULL AND state <> 'retired'")

DESKTOP: Final = Table(
    "desktop",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("pool_id", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("owner_id", String(64)),
    Column("agent_id", String(64)),
    Column("endpoint", Json),
    Column("credential", SealedBytes),
    Column("seats", Integer, nullable=False),
    Column("fault", Text),
    Column("failures", Integer, nullable=False),
    Column("state_since", UtcTime, nullable=False),
    Column("state_until", UtcTime),
    # A random number per desktop: a reservation starts at a random point of this order.
    Column("pick_key", BigInteger, nullable=False),
    refers_to("pool", "pool_id"),
    refers_to("user_account", "owner_id"),
    Index("ix_desktop_pool", "tenant_id", "pool_id"),
    Index("ix_desktop_free", "tenant_id", "pool_id", "pick_key", sqlite_where=_FREE, postgresql_where=_FREE),
    Index(
        "uq_desktop_owner",
        "tenant_id",
        "pool_id",
        "owner_id",
        unique=True,
        sqlite_where=_OWNED,
        postgresql_where=_OWNED,
    ),
)
