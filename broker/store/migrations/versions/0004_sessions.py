"""Assignments, sessions, tickets, attachments, gateway events."""

import sqlalchemy as sa
from alembic import op

revision = "0004_sessions"
down_revision = "0003_pools"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignment",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("desktop_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_reason", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "desktop_id"],
            ["desktop.tenant_id", "desktop.id"],
            name=op.f("fk_assignment_tenant_id_desktop_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool_id"], ["pool.tenant_id", "pool.id"], name=op.f("fk_assignment_tenant_id_pool_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["user_account.tenant_id", "user_account.id"],
            name=op.f("fk_assignment_tenant_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_assignment")),
    )
    op.create_index(
        "uq_assignment_person",
        "assignment",
        ["tenant_id", "pool_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_index(
        "uq_assignment_seat",
        "assignment",
        ["tenant_id", "desktop_id", "seat"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "session",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("assignment_id", sa.String(length=64), nullable=True),
        sa.Column("desktop_id", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("grants", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assignment_id"],
            ["assignment.tenant_id", "assignment.id"],
            name=op.f("fk_session_tenant_id_assignment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "desktop_id"],
            ["desktop.tenant_id", "desktop.id"],
            name=op.f("fk_session_tenant_id_desktop_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool_id"], ["pool.tenant_id", "pool.id"], name=op.f("fk_session_tenant_id_pool_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["user_account.tenant_id", "user_account.id"],
            name=op.f("fk_session_tenant_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_session")),
    )
    op.create_index("ix_session_created", "session", ["tenant_id", "created_at"], unique=False)
    op.create_index(
        "ix_session_desktop",
        "session",
        ["tenant_id", "desktop_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('active', 'disconnected', 'parked', 'queued', 'requested', 'ticketed')"),
        postgresql_where=sa.text("state IN ('active', 'disconnected', 'parked', 'queued', 'requested', 'ticketed')"),
    )
    op.create_index(
        "uq_session_live",
        "session",
        ["tenant_id", "pool_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('active', 'disconnected', 'parked', 'queued', 'requested', 'ticketed')"),
        postgresql_where=sa.text("state IN ('active', 'disconnected', 'parked', 'queued', 'requested', 'ticketed')"),
    )
    op.create_table(
        "ticket",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("web_session_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tunnel_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["session.tenant_id", "session.id"],
            name=op.f("fk_ticket_tenant_id_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["user_account.tenant_id", "user_account.id"],
            name=op.f("fk_ticket_tenant_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_ticket")),
    )
    op.create_index("ix_ticket_expires", "ticket", ["expires_at"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("gateway_id", sa.String(length=64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_frame_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.String(length=32), nullable=True),
        sa.Column("bytes_to_browser", sa.BigInteger(), nullable=False),
        sa.Column("bytes_from_browser", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["session.tenant_id", "session.id"],
            name=op.f("fk_attachment_tenant_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_attachment")),
    )
    op.create_index(
        "ix_attachment_open_gateway",
        "attachment",
        ["gateway_id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_attachment_open_session",
        "attachment",
        ["session_id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("uq_attachment_id", "attachment", ["id"], unique=True)
    op.create_table(
        "gateway_event",
        sa.Column("gateway_id", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.String(length=64), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "epoch", name=op.f("pk_gateway_event")),
    )
