"""Sign-ins whose password has to be changed first, and when a password runs out."""

import sqlalchemy as sa
from alembic import op

revision = "0021_password_change"
down_revision = "0020_sealing_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pending_signin", sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("pending_signin", sa.Column("factor", sa.String(length=32)))
    op.add_column("pending_signin", sa.Column("password_ends_at", sa.DateTime(timezone=True)))
    op.add_column("web_session", sa.Column("password_ends_at", sa.DateTime(timezone=True)))
