"""Throttles tell what they are about. Those that count now are dropped: they would be forgotten within hours."""

import sqlalchemy as sa
from alembic import op

revision = "0019_locks"
down_revision = "0018_directory"
branch_labels = None
depends_on = None

_TEXTS = ("login", "address", "reason", "set_by")


def upgrade() -> None:
    op.execute(sa.text("DELETE FROM throttle"))
    for name, length in (("tenant_id", 64), ("scope", 16)):
        op.add_column("throttle", sa.Column(name, sa.String(length), nullable=False, server_default=sa.text("''")))
    for name in _TEXTS:
        op.add_column("throttle", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("throttle", sa.Column("entrances", sa.Text(), nullable=False, server_default=sa.text("'[]'")))
    op.create_index("ix_throttle_blocked", "throttle", ["tenant_id", "blocked_until"])
