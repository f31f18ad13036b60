"""Exceptions, versions of rules and modes, with everybody who had a hand in them."""

import sqlalchemy as sa
from alembic import op

revision = "0015_policy_change"
down_revision = "0014_left"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('requested', 'approved') AND until IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "policy_change",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_note", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_policy_change_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_policy_change")),
        sa.UniqueConstraint(
            "tenant_id", "kind", "subject", "number", name=op.f("uq_policy_change_tenant_id_kind_subject_number")
        ),
    )
    op.create_index("ix_policy_change_due", "policy_change", ["until"], sqlite_where=_OPEN, postgresql_where=_OPEN)
