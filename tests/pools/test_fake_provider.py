"""The fake that other tests stand on keeps what real providers keep."""

import pytest

from broker.model.records import Desktop, Endpoint
from tests.fakes.provider import ObedientProvider
from tests.pools.conformance import HomesConformance, ProviderConformance
from tests.pools.rows import desktop, pool


class FakeRig:
    stays_up = False

    def __init__(self) -> None:
        self.provider = ObedientProvider()
        self.pool = pool("local")
        self.desktops = [desktop(f"d{number}") for number in range(3)]

    async def may_connect(self, endpoint: Endpoint) -> bool:
        return endpoint.host.split("/")[2] in self.provider.running

    async def lose(self, desktop: Desktop) -> None:
        self.provider.lose(desktop)

    async def work(self, desktop: Desktop, text: str) -> None:
        self.provider.work(desktop, text)

    async def is_kept_anywhere(self, text: str) -> bool:
        return any(text in kept for kept in self.provider.homes.values())


@pytest.fixture
def rig() -> FakeRig:
    return FakeRig()


class TestObedientProvider(ProviderConformance, HomesConformance):
    pass
