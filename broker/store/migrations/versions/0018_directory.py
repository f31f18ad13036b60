"""What is kept of directories: people, groups, and how far the sync of each has come."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0018_directory"
down_revision = "0017_factor_at"
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _key(name: str) -> list[sa.Column[str]]:
    return [
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("directory", sa.String(length=64), nullable=False),
        *([sa.Column("entry_id", sa.Text(), nullable=False)] if name != "directory_state" else []),
    ]


def _constraints(name: str) -> list[sa.Constraint]:
    columns = ["tenant_id", "directory", *(["entry_id"] if name != "directory_state" else [])]
    return [
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{name}_tenant_id")),
        sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{name}")),
    ]


def upgrade() -> None:
    op.create_table(
        "directory_state",
        *_key("directory_state"),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("asked", sa.String(length=16), nullable=True),
        sa.Column("holder", sa.String(length=64), nullable=False),
        *(_moment(name) for name in ("held_until", "began_at", "next_at")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("read_people", "read_groups", "added", "changed")),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        *(_moment(name) for name in ("finished_at", "full_at")),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("doubt", sa.Text(), nullable=True),
        sa.Column("sweep_before", sa.Integer(), nullable=False),
        *_constraints("directory_state"),
    )
    op.create_table(
        "directory_person",
        *_key("directory_person"),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        _moment("expires_at"),
        sa.Column("seen_round", sa.Integer(), nullable=False),
        _moment("gone_at"),
        *_constraints("directory_person"),
    )
    op.create_index("ix_directory_person_login", "directory_person", ["tenant_id", "login"])
    op.create_index("ix_directory_person_seen", "directory_person", ["tenant_id", "directory", "seen_round"])
    op.create_table(
        "directory_group",
        *_key("directory_group"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_round", sa.Integer(), nullable=False),
        _moment("gone_at"),
        *_constraints("directory_group"),
    )
