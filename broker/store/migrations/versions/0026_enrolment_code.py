"""One-time codes of the IT desk, with which a first factor is enrolled from outside."""

import sqlalchemy as sa
from alembic import op

revision = "0026_enrolment_code"
down_revision = "0025_consent"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "pending_signin", sa.Column("may_enrol_anywhere", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "enrolment_code",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["user_account.tenant_id", "user_account.id"],
            name=op.f("fk_enrolment_code_tenant_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name=op.f("pk_enrolment_code")),
    )
