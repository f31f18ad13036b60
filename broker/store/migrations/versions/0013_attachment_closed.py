"""Attachments are found by the time at which they were closed."""

from alembic import op

revision = "0013_attachment_closed"
down_revision = "0012_device"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_attachment_closed", "attachment", ["closed_at"])
