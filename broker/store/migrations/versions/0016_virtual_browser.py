"""Pools whose desktops are virtual browsers, with what these may reach."""

import sqlalchemy as sa
from alembic import op

revision = "0016_virtual_browser"
down_revision = "0015_policy_change"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pool", sa.Column("application", sa.String(length=16), nullable=False, server_default="desktop"))
    op.add_column("pool", sa.Column("allowed_destinations", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("pool", sa.Column("homepage", sa.Text(), nullable=False, server_default=sa.text("''")))
