"""The schema's version: bring a database up to it, or check that it is there. Alembic, run from the program."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from broker.errors import SchemaMismatch
from broker.store.engine import WRITES, make_engine
from broker.store.faults import CONNECT_FAILURES, fault_of
from broker.store.location import FileOwnership, create_file, locate, sqlite_file

SCRIPTS: Final = Path(__file__).parent / "migrations"
_MIGRATION_LOCK: Final = 0x53454B49


async def migrate(database_url: str) -> None:
    """Create the database's tables or bring them up to this program; does nothing when they are.

    Raises :class:`broker.errors.ConfigurationError` when a broker works on the same SQLite file and something
    would have to change, :class:`SchemaMismatch` when the database is newer than this program, and
    :class:`broker.errors.StoreUnavailable`.
    """
    url = locate(database_url)
    file = sqlite_file(url)
    if file is not None:
        create_file(file)
    # A migration may take as long as the tables are large.
    engine = make_engine(url, pool_size=0, statement_timeout_s=0)
    try:
        if await read_version(engine) == newest_version():
            return
        ownership = FileOwnership(file) if file is not None else None
        try:
            await _upgrade(engine)
        finally:
            if ownership is not None:
                ownership.give_up()
    finally:
        await engine.dispose()


def newest_version() -> str | None:
    """The version that this program was written for."""
    return ScriptDirectory.from_config(make_config()).get_current_head()


def make_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


async def read_version(engine: AsyncEngine) -> str | None:
    """The version of the database, None before the first migration. Raises :class:`StoreUnavailable`."""
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_current)
    except CONNECT_FAILURES as error:
        raise fault_of(error) from error


async def check_version(engine: AsyncEngine) -> None:
    """Raises :class:`SchemaMismatch` unless the database is at this program's version."""
    found, wanted = await read_version(engine), newest_version()
    if found != wanted:
        raise SchemaMismatch(f"the database is at version {found}, this program needs {wanted}: run `sekisho migrate`")


async def _upgrade(engine: AsyncEngine) -> None:
    try:
        async with engine.connect() as opened:
            connection = await opened.execution_options(**WRITES)
            async with connection.begin():
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                await connection.run_sync(_run_scripts)
    except CONNECT_FAILURES as error:
        raise fault_of(error) from error


def _run_scripts(connection: Connection) -> None:
    found = _current(connection)
    config = make_config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaMismatch(f"the database is at version {found}, which this program does not know: it is older")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
