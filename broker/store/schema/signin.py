"""Throttles, sign-ins in progress, second factors, signed-in browsers."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, false, text

from broker.store.columns import Json, SealedBytes, UtcTime
from broker.store.schema.metadata import METADATA, belongs_to_tenant, refers_to

THROTTLE: Final = Table(
    "throttle",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("first_failed_at", UtcTime, nullable=False),
    Column("blocked_until", UtcTime),
    Column("tenant_id", String(64), nullable=False, server_default=text("''")),
    Column("scope", String(16), nullable=False, server_default=text("''")),
    Column("login", Text, nullable=False, server_default=text("''")),
    Column("address", Text, nullable=False, server_default=text("''")),
    Column("entrances", Json, nullable=False, server_default=text("'[]'")),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("set_by", Text, nullable=False, server_default=text("''")),
    Index("ix_throttle_blocked", "tenant_id", "blocked_until"),
)

KNOWN_ADDRESS: Final = Table(
    "known_address",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("address_hash", LargeBinary(32), primary_key=True),
    Column("seen_at", UtcTime, nullable=False),
)

PENDING_SIGNIN: Final = Table(
    "pending_signin",
    METADATA,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    Column("login", Text, nullable=False),
    Column("user_id", String(64)),
    Column("password_refusal", String(64)),
    Column("must_enrol", Boolean, nullable=False),
    Column("enrolment_secret", SealedBytes),
    Column("code_failures", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("must_change", Boolean, nullable=False, server_default=false()),
    Column("factor", String(32)),
    Column("password_ends_at", UtcTime),
    Column("may_enrol_anywhere", Boolean, nullable=False, server_default=false()),
    belongs_to_tenant(),
    refers_to("user_account", "user_id"),
)

TOTP_ENROLMENT: Final = Table(
    "totp_enrolment",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("secret", SealedBytes, nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("confirmed_at", UtcTime, nullable=False),
    refers_to("user_account", "user_id"),
)

RECOVERY_CODE: Final = Table(
    "recovery_code",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("code_hash", LargeBinary(64), primary_key=True),
    Column("used_at", UtcTime),
    refers_to("user_account", "user_id"),
)

ENROLMENT_CODE: Final = Table(
    "enrolment_code",
    METADATA,
    Column("tenant_id", String(64), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("code_hash", LargeBinary(64), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    refers_to("user_account", "user_id"),
)

WEB_SESSION: Final = Table(
    "web_session",
    METADATA,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("csrf_token", String(128), nullable=False),
    Column("tunnel_hash", LargeBinary(32), nullable=False),
    Column("factor", String(32), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("segment", String(16), nullable=False, server_default="unknown"),
    Column("device", String(16), nullable=False, server_default="none"),
    Column("certificate", String(16), nullable=False, server_default="absent"),
    Column("entrance", String(64), nullable=False, server_default=text("''")),
    # No reference: a revoked device stays in the books anyway.
    Column("device_id", String(64)),
    Column("password_ends_at", UtcTime),
    Column("factor_at", UtcTime),
    refers_to("user_account", "user_id"),
    Index("ix_web_session_user", "tenant_id", "user_id"),
    Index("ix_web_session_device", "tenant_id", "device_id"),
)
