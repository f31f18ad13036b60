"""One site for all of these tests, and recorders between its office's proxy and what stands behind it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
import pytest

from broker.model.service_name import ServiceKind
from tests.entrance.recording import Recorder
from tests.entrance.site import OFFICE, SIM, Site, run_proxy, run_site
from tests.entrance.sockets import count_open
from tests.fakes.waiting import until

_START_S: Final = 20.0


class Recorded(msgspec.Struct, frozen=True):
    """What the broker and the office's gateway receive."""

    broker: Recorder
    gateway: Recorder


@contextmanager
def recording(site: Site) -> Iterator[Recorded]:
    """In a thread, so that the proxy finds both there all the time."""
    proxy = site.files(ServiceKind.ENTRANCE, OFFICE)
    broker = Recorder(site.files(ServiceKind.BROKER, "b1"), proxy, ("127.0.0.1", site.ports.broker))
    gateway_files = site.files(ServiceKind.GATEWAY, f"gw-{OFFICE}")
    gateway = Recorder(gateway_files, proxy, ("127.0.0.1", site.ports.gateway[OFFICE]))
    loop = asyncio.new_event_loop()
    is_listening, over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with (
            broker.listening("127.0.0.1", site.ports.recorded_broker),
            gateway.listening("127.0.0.1", site.ports.recorded_gateway),
        ):
            is_listening.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert is_listening.wait(_START_S)
    try:
        yield Recorded(broker, gateway)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Recorded]]:
    folder = tmp_path_factory.mktemp("entrance")
    folder.chmod(0o711)
    with run_site(folder) as site, recording(site) as recorded, run_proxy(site, OFFICE), run_proxy(site, SIM):
        yield site, recorded


@pytest.fixture
async def site(whole: tuple[Site, Recorded]) -> AsyncIterator[Site]:
    """The test's own connections have ended before its event loop does."""
    yield whole[0]
    await until(lambda: count_open() == 0, 10.0, "every connection has ended")


@pytest.fixture
def recorded(whole: tuple[Site, Recorded]) -> Recorded:
    """Nothing is noted yet."""
    for recorder in (whole[1].broker, whole[1].gateway):
        recorder.received.clear()
        recorder.added = b""
    return whole[1]
