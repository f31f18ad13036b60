"""Where an attachment's desktop connection is held, and since when without a browser."""

import sqlalchemy as sa
from alembic import op

revision = "0024_parking"
down_revision = "0023_local_account"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachment", sa.Column("parked_at", sa.DateTime(timezone=True)))
    op.add_column("attachment", sa.Column("seat", sa.LargeBinary()))
