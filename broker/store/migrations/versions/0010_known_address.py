"""Where an account signed in lately, as keyed hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0010_known_address"
down_revision = "0009_policy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "known_address",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "address_hash", name=op.f("pk_known_address")),
    )
