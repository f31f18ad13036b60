"""One site for all of these tests, and recorders between its office's proxy and what stands behind it."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from broker.model.service_name import ServiceKind
from tests.entrance.recording import Recorder
from tests.entrance.site import OFFICE, Site, run_site


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
    over = asyncio.Event()

    async def serve() -> None:
        async with (
            broker.listening("127.0.0.1", site.ports.recorded_broker),
            gateway.listening("127.0.0.1", site.ports.recorded_gateway),
        ):
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
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
    with run_site(folder) as site, recording(site) as recorded:
        wait_until_served(site, recorded)
        yield site, recorded


def wait_until_served(site: Site, recorded: Recorded, deadline_s: float = 30.0) -> None:
    """Until the proxy's checks have found the broker and the gateway."""
    give_up_at = time.monotonic() + deadline_s
    names = {"brokers/broker-1": recorded.broker, "gateways/gw-office": recorded.gateway}
    while not all(recorder.is_found and is_up(site, name) for name, recorder in names.items()):
        assert time.monotonic() < give_up_at, site.log("proxy-office")
        time.sleep(0.05)


def is_up(site: Site, name: str) -> bool:
    """As the proxy said last; it says nothing of a server that was there at the first look."""
    log = site.log("proxy-office")
    return log.rfind(f"{name} is DOWN") <= log.rfind(f"{name} is UP")


@pytest.fixture
def site(whole: tuple[Site, Recorded]) -> Site:
    return whole[0]


@pytest.fixture
def recorded(whole: tuple[Site, Recorded]) -> Recorded:
    """Nothing is noted yet."""
    for recorder in (whole[1].broker, whole[1].gateway):
        recorder.received.clear()
        recorder.added = b""
    return whole[1]
