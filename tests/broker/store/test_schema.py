"""The migrations and the tables that the program works with are the same."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from broker.store.engine import make_engine
from broker.store.location import locate
from broker.store.migration import make_config
from broker.store.schema import METADATA


def _differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


async def test_the_migrations_make_the_tables_that_the_program_declares(database_url: str) -> None:
    engine = make_engine(locate(database_url), pool_size=0)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await engine.dispose()


def test_every_table_of_a_tenant_refers_inside_the_tenant() -> None:
    for table in METADATA.tables.values():
        for reference in table.foreign_key_constraints:
            columns = [column.name for column in reference.columns]
            assert columns[0] == "tenant_id", f"{table.name}: {columns} could point into another tenant"


def test_the_migrations_are_one_line() -> None:
    """Two branches of work may each add a step; together they must still lead to one version."""
    assert len(ScriptDirectory.from_config(make_config()).get_heads()) == 1
