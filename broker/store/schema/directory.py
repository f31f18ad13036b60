"""People and groups of directories, and how far the sync of each has come."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from broker.store.columns import Json, UtcTime
from broker.store.schema.metadata import METADATA, belongs_to_tenant

DIRECTORY_STATE: Final = Table(
    "directory_state",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("directory", String(64), primary_key=True),
    Column("phase", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("round", Integer, nullable=False),
    Column("asked", String(16)),
    Column("holder", String(64), nullable=False),
    Column("held_until", UtcTime),
    Column("began_at", UtcTime),
    Column("next_at", UtcTime),
    Column("read_people", Integer, nullable=False),
    Column("read_groups", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("server", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("finished_at", UtcTime),
    Column("full_at", UtcTime),
    Column("result", String(16), nullable=False),
    Column("fault", Text, nullable=False),
    Column("doubt", Json),
    Column("sweep_before", Integer, nullable=False),
    belongs_to_tenant(),
)

DIRECTORY_PERSON: Final = Table(
    "directory_person",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("directory", String(64), primary_key=True),
    Column("entry_id", Text, primary_key=True),
    Column("login", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("groups", Json, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("expires_at", UtcTime),
    Column("seen_round", Integer, nullable=False),
    Column("gone_at", UtcTime),
    belongs_to_tenant(),
    Index("ix_directory_person_login", "tenant_id", "login"),
    Index("ix_directory_person_seen", "tenant_id", "directory", "seen_round"),
)

DIRECTORY_GROUP: Final = Table(
    "directory_group",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("directory", String(64), primary_key=True),
    Column("entry_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("seen_round", Integer, nullable=False),
    Column("gone_at", UtcTime),
    belongs_to_tenant(),
)
