"""Assignments, sessions, tickets, attachments, and how far each gateway's events were taken."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, text

from broker.lifecycle.session import LIVE_STATES
from broker.store.columns import Json, SealedBytes, UtcTime
from broker.store.schema.metadata import METADATA, refers_to

_HELD: Final = text("released_at IS NULL")
_LIVE: Final = text(f"state IN ({', '.join(repr(state.value) for state in sorted(LIVE_STATES))})")
_OPEN: Final = text("closed_at IS NULL")

ASSIGNMENT: Final = Table(
    "assignment",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("pool_id", String(64), nullable=False),
    Column("desktop_id", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("seat", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("released_at", UtcTime),
    Column("release_reason", String(32)),
    refers_to("pool", "pool_id"),
    refers_to("desktop", "desktop_id"),
    refers_to("user_account", "user_id"),
    Index(
        "uq_assignment_seat",
        "tenant_id",
        "desktop_id",
        "seat",
        unique=True,
        sqlite_where=_HELD,
        postgresql_where=_HELD,
    ),
    Index(
        "uq_assignment_person",
        "tenant_id",
        "pool_id",
        "user_id",
        unique=True,
        sqlite_where=_HELD,
        postgresql_where=_HELD,
    ),
)

SESSION: Final = Table(
    "session",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("pool_id", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("assignment_id", String(64)),
    Column("desktop_id", String(64)),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("grants", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("state_since", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("end_reason", String(32)),
    Column("segment", String(16), nullable=False, server_default="unknown"),
    Column("device", String(16), nullable=False, server_default="none"),
    Column("certificate", String(16), nullable=False, server_default="absent"),
    Column("device_id", String(64)),
    refers_to("pool", "pool_id"),
    refers_to("user_account", "user_id"),
    refers_to("assignment", "assignment_id"),
    refers_to("desktop", "desktop_id"),
    Index(
        "uq_session_live", "tenant_id", "pool_id", "user_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE
    ),
    Index("ix_session_desktop", "tenant_id", "desktop_id", sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("ix_session_created", "tenant_id", "created_at"),
    Index("ix_session_person", "tenant_id", "user_id", "created_at"),
)

TICKET: Final = Table(
    "ticket",
    METADATA,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    Column("session_id", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    # No reference: a browser may sign out while its ticket is still remembered.
    Column("web_session_hash", LargeBinary(32), nullable=False),
    Column("tunnel_hash", LargeBinary(32), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("redeemed_at", UtcTime),
    refers_to("session", "session_id"),
    refers_to("user_account", "user_id"),
    Index("ix_ticket_expires", "expires_at"),
)

ATTACHMENT: Final = Table(
    "attachment",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("session_id", String(64), nullable=False),
    Column("gateway_id", String(64), nullable=False),
    Column("address", Text, nullable=False),
    Column("redeemed_at", UtcTime, nullable=False),
    Column("attached_at", UtcTime),
    Column("first_frame_at", UtcTime),
    Column("closed_at", UtcTime),
    Column("close_reason", String(32)),
    Column("bytes_to_browser", BigInteger, nullable=False),
    Column("bytes_from_browser", BigInteger, nullable=False),
    Column("parked_at", UtcTime),
    Column("seat", SealedBytes),
    refers_to("session", "session_id"),
    Index("uq_attachment_id", "id", unique=True),
    Index("ix_attachment_open_session", "session_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_attachment_closed", "closed_at"),
    Index("ix_attachment_open_gateway", "gateway_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

GATEWAY_EVENT: Final = Table(
    "gateway_event",
    METADATA,
    Column("gateway_id", String(64), primary_key=True),
    Column("epoch", String(64), primary_key=True),
    Column("last_number", BigInteger, nullable=False),
)
