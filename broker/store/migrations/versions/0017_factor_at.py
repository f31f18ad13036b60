"""When a signed-in browser last showed a second factor: from now on not only at its sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0017_factor_at"
down_revision = "0016_virtual_browser"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("web_session", sa.Column("factor_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE web_session SET factor_at = created_at")
