"""A Guacamole client that looks at what is drawn without drawing it."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import aiohttp

from gateway.protocol import InstructionReader, encode_instruction
from sekisho.smoke.steps import SmokeFailed

_LAYER_ELEMENT: Final = {b"img": 3, b"copy": 7, b"rect": 1, b"cfill": 2, b"lfill": 2, b"transfer": 7}
"""Where the target layer stands in instructions that draw (guacamole protocol reference)."""
_VISIBLE_LAYER: Final = b"0"
_QUIET_S: Final = 0.6


class Tunnel:
    """One WebSocket to a gateway. Counts frames that changed the visible layer; acknowledges blobs and frames."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._reader = InstructionReader()
        self._drew = False
        self._progress = asyncio.Condition()
        self.drawn_frames = 0
        self.closed_because: str | None = None
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._ping())]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()

    async def send(self, *elements: str) -> None:
        await self._socket.send_str(encode_instruction(*elements).decode())

    async def press(self, keysyms: Sequence[int]) -> None:
        """Type keys one after the other (X keysyms)."""
        for keysym in keysyms:
            await self.send("key", str(keysym), "1")
            await self.send("key", str(keysym), "0")
            await asyncio.sleep(0.02)

    async def press_together(self, keysyms: Sequence[int]) -> None:
        """Hold keys down in their order, and let them go in the other order."""
        for keysym in keysyms:
            await self.send("key", str(keysym), "1")
        for keysym in reversed(keysyms):
            await self.send("key", str(keysym), "0")

    async def click(self, x: int, y: int) -> None:
        for buttons in ("0", "1", "0"):
            await self.send("mouse", str(x), str(y), buttons)

    async def wait_drawn(self, more_than: int, deadline_s: float) -> int:
        """The number of drawn frames once it is above ``more_than``. Raises :class:`SmokeFailed`."""
        try:
            async with asyncio.timeout(deadline_s), self._progress:
                await self._progress.wait_for(lambda: self.drawn_frames > more_than or self.closed_because is not None)
        except TimeoutError:
            raise SmokeFailed(f"no drawing within {deadline_s:.0f} s") from None
        if self.drawn_frames <= more_than:
            raise SmokeFailed(f"the tunnel closed: {self.closed_because}")
        return self.drawn_frames

    async def wait_quiet(self, deadline_s: float) -> int:
        """The number of drawn frames once the picture rests. Raises :class:`SmokeFailed` when it never does."""
        try:
            async with asyncio.timeout(deadline_s):
                while True:
                    seen = self.drawn_frames
                    await asyncio.sleep(_QUIET_S)
                    if seen == self.drawn_frames:
                        return seen
        except TimeoutError:
            raise SmokeFailed(f"the picture did not rest within {deadline_s:.0f} s") from None

    async def _read(self) -> None:
        while (message := await self._socket.receive()).type is aiohttp.WSMsgType.TEXT:
            self._reader.feed(message.data.encode())
            while (elements := self._reader.next()) is not None:
                await self._take(elements)
        async with self._progress:
            self.closed_because = f"{self._socket.close_code} {message.extra or ''}".strip()
            self._progress.notify_all()

    async def _take(self, elements: list[bytes]) -> None:
        opcode = elements[0]
        layer_at = _LAYER_ELEMENT.get(opcode)
        if layer_at is not None and len(elements) > layer_at and elements[layer_at] == _VISIBLE_LAYER:
            self._drew = True
        elif opcode == b"blob":
            await self.send("ack", elements[1].decode(), "OK", "0")
        elif opcode == b"sync":
            await self.send("sync", elements[1].decode())
            if self._drew:
                await self._count_frame()

    async def _count_frame(self) -> None:
        self._drew = False
        async with self._progress:
            self.drawn_frames += 1
            self._progress.notify_all()

    async def _ping(self) -> None:
        while True:
            await self.send("", "ping", "1")
            await asyncio.sleep(0.5)


async def open_tunnel(
    client: aiohttp.ClientSession, url: str, *, origin: str, cookie_header: str, ticket: str
) -> Tunnel:
    """Open a tunnel with a ticket for a screen of 1280×720. Raises :class:`SmokeFailed` when it is refused."""
    try:
        socket = await client.ws_connect(
            url, protocols=["guacamole"], headers={"Origin": origin, "Cookie": cookie_header}, max_msg_size=1 << 22
        )
    except aiohttp.ClientError as error:
        raise SmokeFailed(f"{url}: the gateway refused the tunnel: {error}") from error
    await socket.send_str(encode_instruction("", "ticket", ticket, "1280", "720", "96", "Asia/Tokyo").decode())
    return Tunnel(socket)
