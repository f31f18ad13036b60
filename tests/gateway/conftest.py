"""A gateway that runs for real, with a fake broker on one side and a fake guacd on the other."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from broker.wire.messages import ConnectionSpec
from gateway.app import run_gateway
from gateway.limits import RelayLimits
from gateway.settings import DoorLimits, GatewaySettings
from tests.fakes.broker import WIRE_KEY, ObligingBroker, make_spec
from tests.fakes.browser import ORIGIN, ObedientBrowser
from tests.fakes.guacd import TalkativeGuacd
from tests.fakes.waiting import until

TICKET = "ticket-of-a-test-0123456789"


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Site:
    """Broker, gateway and guacd of one test."""

    def __init__(self, folder: Path) -> None:
        self.port = find_free_port()
        self.broker = ObligingBroker(folder / "wire.sock")
        self.guacd = TalkativeGuacd()
        self.wire_key = WIRE_KEY
        self.changes: dict[str, Any] = {}
        """Of the gateway's settings."""
        self._folder = folder
        self._serving: asyncio.Task[None] | None = None

    def settings(self, door: DoorLimits, relay: RelayLimits) -> GatewaySettings:
        key_file = self._folder / "wire.key"
        key_file.write_text(self.wire_key + "\n")
        settings = GatewaySettings(
            gateway_id="gateway-1",
            zones=["lgwan"],
            allowed_origins=[ORIGIN],
            wire_key_file=key_file,
            wire_socket=self.broker.socket_path,
            spool_dir=self._folder / "spool",
            guacd_groups={"lgwan": [self.guacd.address]},
            listen_port=self.port,
            door=door,
            relay=relay,
        )
        return msgspec.structs.replace(settings, **self.changes)

    async def start(self, door: DoorLimits | None = None, relay: RelayLimits | None = None) -> None:
        await self.broker.start()
        await self.guacd.start()
        await self.start_gateway(door, relay)
        await until(lambda: self.broker.is_connected, what="the gateway dials the broker")

    async def start_gateway(self, door: DoorLimits | None = None, relay: RelayLimits | None = None) -> None:
        settings = self.settings(door or DoorLimits(), relay or RelayLimits())
        self._serving = asyncio.create_task(run_gateway(settings))
        await until(self._is_listening_or_failed, what="the gateway listens")
        if self._serving.done():
            failed, self._serving = self._serving, None
            failed.result()

    def _is_listening_or_failed(self) -> bool:
        assert self._serving is not None
        with socket.socket() as probe:
            return self._serving.done() or probe.connect_ex(("127.0.0.1", self.port)) == 0

    async def stop_gateway(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving
            self._serving = None

    async def stop(self) -> None:
        await self.stop_gateway()
        await self.guacd.stop()
        await self.broker.die()

    def issue(self, ticket: str = TICKET, **changes: Any) -> ConnectionSpec:
        spec = make_spec(**changes)
        self.broker.tickets[ticket] = spec
        return spec

    @contextlib.asynccontextmanager
    async def session(self, **changes: Any) -> AsyncIterator[ObedientBrowser]:
        """A browser that has seen its first frame."""
        self.issue(**changes)
        async with ObedientBrowser(self.port) as browser:
            await browser.show_ticket(TICKET)
            await until(lambda: b"sync" in browser.opcodes() or browser.is_closed, what="the first frame")
            yield browser


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Not started yet, so that a test can change its parts."""
    built = Site(tmp_path)
    yield built
    await built.stop()


def change_grants(**grants: Any) -> dict[str, Any]:
    """For :meth:`Site.session`."""
    return {"grants": msgspec.structs.replace(make_spec().grants, **grants)}
