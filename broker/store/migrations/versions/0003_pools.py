"""Zones, pools and desktops."""

import sqlalchemy as sa
from alembic import op

revision = "0003_pools"
down_revision = "0002_signin"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "zone",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name_ja", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("max_unsupervised_s", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_zone_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_zone")),
    )
    op.create_table(
        "pool",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("zone_id", sa.String(length=64), nullable=False),
        sa.Column("name_ja", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("protocol", sa.String(length=16), nullable=False),
        sa.Column("entitled_groups", sa.Text(), nullable=False),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("grants", sa.Text(), nullable=False),
        sa.Column("target_ready", sa.Integer(), nullable=False),
        sa.Column("max_size", sa.Integer(), nullable=False),
        sa.Column("disconnect_limit_s", sa.Integer(), nullable=False),
        sa.Column("settle_s", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("guacd_group", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "zone_id"], ["zone.tenant_id", "zone.id"], name=op.f("fk_pool_tenant_id_zone_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_pool")),
    )
    op.create_table(
        "desktop",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.String(length=64), nullable=True),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("credential", sa.LargeBinary(), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pick_key", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"],
            ["user_account.tenant_id", "user_account.id"],
            name=op.f("fk_desktop_tenant_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool_id"], ["pool.tenant_id", "pool.id"], name=op.f("fk_desktop_tenant_id_pool_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_desktop")),
    )
    op.create_index(
        "ix_desktop_free",
        "desktop",
        ["tenant_id", "pool_id", "pick_key"],
        unique=False,
        sqlite_where=sa.text("state = 'ready' AND owner_id IS NULL"),
        postgresql_where=sa.text("state = 'ready' AND owner_id IS NULL"),
    )
    op.create_index("ix_desktop_pool", "desktop", ["tenant_id", "pool_id"], unique=False)
    op.create_index(
        "uq_desktop_owner",
        "desktop",
        ["tenant_id", "pool_id", "owner_id"],
        unique=True,
        sqlite_where=sa.text("owner_id IS NOT NULL AND state <> 'retired'"),
        postgresql_where=sa.text("owner_id IS NOT NULL AND state <> 'retired'"),
    )
