"""Of which departments somebody is head, and who their own head is."""

import sqlalchemy as sa
from alembic import op

revision = "0027_heads"
down_revision = "0026_enrolment_code"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("heads", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("user_account", sa.Column("manager", sa.Text(), nullable=False, server_default=sa.text("''")))
