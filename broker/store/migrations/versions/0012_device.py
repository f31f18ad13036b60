"""Devices with certificates, and which device a web session and a session are bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0012_device"
down_revision = "0011_entrance"
branch_labels = None
depends_on = None

_IN_USE = sa.text("revoked_at IS NULL")


def upgrade() -> None:
    _make_authority()
    _make_device()
    _make_certificate()
    for table in ("web_session", "session"):
        op.add_column(table, sa.Column("device_id", sa.String(length=64)))
    op.create_index("ix_web_session_device", "web_session", ["tenant_id", "device_id"])


def _make_authority() -> None:
    op.create_table(
        "device_authority",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_device_authority_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_device_authority")),
    )


def _make_device() -> None:
    op.create_table(
        "device",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("sim_line", sa.Text(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolled_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("warned_days", sa.Integer(), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_address", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_device_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_device")),
    )
    op.create_index(
        "uq_device_name", "device", ["tenant_id", "name"], unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE
    )
    op.create_index("ix_device_owner", "device", ["tenant_id", "owner"])


def _make_certificate() -> None:
    op.create_table(
        "device_certificate",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "device_id"],
            ["device.tenant_id", "device.id"],
            name=op.f("fk_device_certificate_tenant_id_device_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "serial", name=op.f("pk_device_certificate")),
    )
    op.create_index("ix_device_certificate_device", "device_certificate", ["tenant_id", "device_id"])
