"""What decisions rest on: rules, modes, places, telework approvals; and the decisions themselves."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009_policy"
down_revision = "0008_audit_guard"
branch_labels = None
depends_on = None

_PLACE = (("segment", "unknown"), ("device", "none"), ("certificate", "absent"))


def upgrade() -> None:
    _add("tenant", sa.Column("mode_until", sa.DateTime(timezone=True)))
    _add("tenant", sa.Column("mode_is_drill", sa.Boolean(), nullable=False, server_default=sa.false()))
    _add("tenant", sa.Column("rules", sa.Text(), nullable=False, server_default="{}"))
    _add("zone", sa.Column("baseline_kind", sa.String(length=64), nullable=False, server_default=sa.text("''")))
    _add("pool", sa.Column("restrictions", sa.Text(), nullable=False, server_default="{}"))
    _add("pool", sa.Column("is_priority", sa.Boolean(), nullable=False, server_default=sa.false()))
    for table in ("web_session", "session"):
        for name, unknown in _PLACE:
            _add(table, sa.Column(name, sa.String(length=16), nullable=False, server_default=unknown))
    op.create_index("ix_session_person", "session", ["tenant_id", "user_id", "created_at"])
    _make_tables()


def _add(table: str, column: sa.Column[Any]) -> None:
    # Rows that are there already get what denies; new ones always name their values.
    op.add_column(table, column)


def _make_tables() -> None:
    op.create_table(
        "telework_approval",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_telework_approval_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "login", name=op.f("pk_telework_approval")),
    )
    op.create_table(
        "decision_record",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_decision_record_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_decision_record")),
    )
    op.create_index("ix_decision_record_at", "decision_record", ["tenant_id", "at"])
    op.create_table(
        "policy_epoch",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_policy_epoch_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_policy_epoch")),
    )
