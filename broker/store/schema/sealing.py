"""Which sealing key is in use, and which brokers have it."""

from typing import Final

from sqlalchemy import Column, String, Table, Text

from broker.store.columns import Json, UtcTime
from broker.store.schema.metadata import METADATA

KEY_IN_USE: Final = Table(
    "key_in_use",
    METADATA,
    # One row, whose purpose is ``sealing``.
    Column("purpose", String(16), primary_key=True),
    Column("key", String(16), nullable=False),
    Column("promoted_at", UtcTime, nullable=False),
)

KEY_HOLDER: Final = Table(
    "key_holder",
    METADATA,
    Column("node", String(64), primary_key=True),
    Column("label", Text, nullable=False),
    Column("keys", Json, nullable=False),
    Column("seals_by", String(16), nullable=False),
    Column("seen_at", UtcTime, nullable=False),
)
