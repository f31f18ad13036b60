"""At which entrance a web session began."""

import sqlalchemy as sa
from alembic import op

revision = "0011_entrance"
down_revision = "0010_known_address"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nobody knows where the sessions began that are there already: they end at their next request.
    column = sa.Column("entrance", sa.String(length=64), nullable=False, server_default=sa.text("''"))
    op.add_column("web_session", column)
