"""A founded city with obedient desktops."""

import pytest

from broker.store import SqlStore
from tests.broker.city import City
from tests.fakes.providers import HostsProvider, ObedientProvider


@pytest.fixture
def provider() -> ObedientProvider:
    return ObedientProvider()


@pytest.fixture
def hosts() -> HostsProvider:
    return HostsProvider()


@pytest.fixture
async def city(sqlite_store: SqlStore, provider: ObedientProvider, hosts: HostsProvider) -> City:
    """Three people, a shared and a personal pool, nothing started yet."""
    city = City(sqlite_store, {"local": provider, "static": hosts})
    await city.found()
    return city


@pytest.fixture
def empty(sqlite_store: SqlStore) -> City:
    """A store without a city."""
    return City(sqlite_store, {"local": ObedientProvider(), "static": HostsProvider()})
