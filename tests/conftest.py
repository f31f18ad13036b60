"""Fixtures for everybody: a store on SQLite, and one that runs a test on SQLite and on PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from broker.store import SqlStore, migrate, open_store
from tests.parts.postgres import PostgresCluster, run_postgres

BOTH_DATABASES: Final = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]


BESIDE: Final = ("tests/auth/", "tests/broker/")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Directories and databases are started by whoever needs them: such tests need not wait for each other."""
    for item in items:
        is_real = item.get_closest_marker("real") is not None and item.get_closest_marker("browser") is None
        if is_real and item.nodeid.startswith(BESIDE):
            item.add_marker("beside")


def _migrate_now(url: str) -> None:
    """From a fixture that is not asynchronous: in a thread, beside whatever loop there is."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate(url))).result()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, so that the migrations run once."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate_now(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A private cluster, started when the first test wants it."""
    with run_postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresCluster) -> str:
    """The name of a migrated database to copy."""
    with ThreadPoolExecutor(1) as thread:
        url = thread.submit(lambda: asyncio.run(postgres.create_database())).result()
    _migrate_now(url)
    return postgres.name_of(url)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite file."""
    file = tmp_path / "sekisho.db"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[SqlStore]:
    store = await open_store(sqlite_url)
    yield store
    await store.close()


@pytest.fixture
async def postgresql_url(postgres: PostgresCluster, postgres_template: str) -> AsyncIterator[str]:
    """The address of a fresh, migrated database of PostgreSQL. The test is marked ``real``."""
    url = await postgres.create_database(template=postgres_template)
    yield url
    await postgres.drop_database(url)


@pytest.fixture
async def postgresql_store(postgresql_url: str) -> AsyncIterator[SqlStore]:
    store = await open_store(postgresql_url)
    yield store
    await store.close()


@pytest.fixture(params=BOTH_DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    """A store on each database."""
    opened = await open_store(database_url)
    yield opened
    await opened.close()
