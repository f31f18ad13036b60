"""The real relay between a browser and a guacd in memory: every byte that either receives is kept."""

import asyncio
from collections.abc import Callable
from typing import cast

from broker.model.reasons import EndReason
from gateway.guacd import GuacdConnection, Opened
from gateway.limits import RelayLimits
from gateway.relay import Relay
from gateway.websocket import BrowserSocket
from tests.fakes.broker import make_spec
from tests.fakes.grants import grant_only


class MemoryBrowser:
    """Stands for the WebSocket of a browser."""

    is_congested = False
    last_heard_s = 0.0

    def __init__(self) -> None:
        self.received = bytearray()

    def send(self, payload: bytes) -> None:
        self.received += payload

    def buffered_bytes(self) -> int:
        return 0

    def ping(self) -> None:
        pass

    async def wait_writable(self) -> None:
        pass


class MemoryGuacd:
    """Stands for the connection to guacd."""

    is_congested = False
    is_lost = False

    def __init__(self) -> None:
        self.received = bytearray()
        self.on_data: Callable[[bytes], None] = lambda _data: None
        self.on_lost: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:
        self.received += data

    def buffered_bytes(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def say_goodbye(self) -> None:
        pass


class Line:
    """One relay with both of its ends. Needs a running loop."""

    def __init__(self, granted: frozenset[str]) -> None:
        self.browser = MemoryBrowser()
        self.guacd = MemoryGuacd()
        opened = Opened(
            connection=cast("GuacdConnection", self.guacd),
            address="",
            connection_id="$1",
            announced=frozenset({"enable-touch"}),
            rest=b"",
        )
        spec = make_spec(grants=grant_only(*granted), parameters={"clipboard-encoding": "UTF-8"})
        self.relay = Relay(spec, cast("BrowserSocket", self.browser), opened, RelayLimits(), None)
        self.relay.start()

    @property
    def end(self) -> EndReason | None:
        ended: asyncio.Future[EndReason] = self.relay.ended
        return ended.result() if ended.done() else None

    def from_browser(self, message: bytes) -> None:
        self.relay.take_message(message)

    def from_guacd(self, data: bytes) -> None:
        self.guacd.on_data(data)
