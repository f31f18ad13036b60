"""Opening a database: whose it is, which version it has, and what is said when that does not fit."""

import asyncio
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from broker.errors import ConfigurationError, SchemaMismatch, StoreError, StoreUnavailable
from broker.store import migrate, open_store
from broker.store.engine import make_engine
from broker.store.location import locate
from tests.broker.store.rows import CITY, fill
from tests.parts.postgres import PostgresCluster

_OTHER_BROKER = """
import asyncio, sys
from broker.store import open_store

async def main():
    store = await open_store(sys.argv[1])
    print("open", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def _python(code: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", code, *arguments, stdout=subprocess.PIPE)


async def _set_version(url: str, version: str | None) -> None:
    engine = make_engine(locate(url), pool_size=0)
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM alembic_version"))
        if version is not None:
            await connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})
    await engine.dispose()


async def test_a_second_broker_on_the_same_file_refuses_until_the_first_is_gone(sqlite_url: str) -> None:
    other = await _python(_OTHER_BROKER, sqlite_url)
    assert other.stdout is not None
    assert await other.stdout.readline() == b"open\n"
    with pytest.raises(ConfigurationError, match="another broker"):
        await open_store(sqlite_url)
    await migrate(sqlite_url)
    other.kill()
    await other.communicate()
    store = await open_store(sqlite_url)
    await store.close()


async def test_a_reader_stands_beside_the_broker_and_changes_nothing(database_url: str) -> None:
    store = await open_store(database_url)
    await fill(store)
    reader = await open_store(database_url, is_read_only=True)
    async with reader.read() as tx:
        assert await tx.people.get_tenant(CITY) is not None
    with pytest.raises(StoreError, match="reading only"):
        async with reader.write():
            pass
    await reader.close()
    await store.close()


async def test_the_schema_is_not_changed_under_a_running_broker(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    await _set_version(sqlite_url, "0005_audit")
    with pytest.raises(ConfigurationError, match="another broker"):
        await migrate(sqlite_url)
    await store.close()


async def test_a_database_of_another_version_is_not_opened(database_url: str) -> None:
    await _set_version(database_url, None)
    with pytest.raises(SchemaMismatch, match="sekisho migrate"):
        await open_store(database_url)
    await _set_version(database_url, "9999_from_the_future")
    with pytest.raises(SchemaMismatch, match="sekisho migrate"):
        await open_store(database_url)
    with pytest.raises(SchemaMismatch, match="older"):
        await migrate(database_url)


async def test_migrating_makes_the_file_for_its_owner_alone_and_may_be_repeated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/city.db"
    with pytest.raises(StoreUnavailable, match="sekisho migrate"):
        await open_store(url)
    await migrate(url)
    await migrate(url)
    store = await open_store(url)
    await fill(store)
    for file in (tmp_path / "new").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    await store.close()


@pytest.mark.real
async def test_brokers_that_migrate_at_once_wait_for_each_other(postgres: PostgresCluster) -> None:
    url = await postgres.create_database()
    code = "import asyncio, sys; from broker.store import migrate; asyncio.run(migrate(sys.argv[1]))"
    both = [await _python(code, url) for _ in range(2)]
    assert [await process.wait() for process in both] == [0, 0]
    store = await open_store(url)
    await store.close()
    await postgres.drop_database(url)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://root:hunter2@db/sekisho", "sqlite://", "sqlite:///:memory:", "://", "postgresql"]
)
async def test_an_address_that_is_no_database_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        await open_store(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["postgresql://sekisho:hunter2@127.0.0.1:1/x", "postgresql://s@/x?host=/nonexistent"])
async def test_a_server_that_is_not_there_is_unavailable(url: str) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        await open_store(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.real
async def test_a_database_that_is_not_there_is_unavailable(postgres: PostgresCluster) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        await open_store(postgres.url("nobody_made_me"))


async def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="file"):
        await migrate(f"sqlite:///{tmp_path}/file/city.db")


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_bytes(b"shopping list" * 100)
    with pytest.raises(StoreError):
        await open_store(f"sqlite:///{tmp_path}/notes.db")
    assert (tmp_path / "notes.db").read_bytes() == b"shopping list" * 100
