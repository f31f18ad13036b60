"""Since when the directory no longer knows a person."""

import sqlalchemy as sa
from alembic import op

revision = "0014_left"
down_revision = "0013_attachment_closed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("left_at", sa.DateTime(timezone=True)))
