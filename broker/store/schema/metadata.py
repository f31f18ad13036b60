"""The metadata that every table belongs to, with names for constraints that both databases share."""

from typing import Final

from sqlalchemy import ForeignKeyConstraint, MetaData

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


def refers_to(table: str, column: str) -> ForeignKeyConstraint:
    """A reference inside a tenant: ``(tenant_id, column)`` to ``(tenant_id, id)`` of ``table``."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])


def belongs_to_tenant() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id"], ["tenant.id"])
