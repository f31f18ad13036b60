"""A gateway without a desktop behind it: it draws one frame and writes down what the browser sends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import WSMsgType, web

Elements = list[str]


def encode(*elements: object) -> str:
    """One Guacamole instruction."""
    return ",".join(f"{len(str(one))}.{one}" for one in elements) + ";"


def decode(text: str) -> list[Elements]:
    """All instructions of a message."""
    instructions: list[Elements] = []
    elements: Elements = []
    position = 0
    while position < len(text):
        dot = text.index(".", position)
        end = dot + 1 + int(text[position:dot])
        elements.append(text[dot + 1 : end])
        if text[end] == ";":
            instructions.append(elements)
            elements = []
        position = end + 1
    return instructions


SIZE = encode("size", 0, 1280, 800)
FILL = encode("rect", 0, 0, 0, 1280, 800) + encode("cfill", 14, 0, 40, 90, 140, 255)
CURSOR = encode("size", -1, 8, 8) + encode("rect", -1, 0, 0, 8, 8) + encode("cfill", 14, -1, 0, 0, 0, 255)
SYNC = encode("sync", 1000)


class FakeTunnel:
    """``frame`` is what it draws; ``taken`` holds every instruction but pings; :meth:`hang_up` closes what is open.
    ``is_mute``: no ping is answered."""

    def __init__(self) -> None:
        self.taken: list[Elements] = []
        self.addresses: list[str] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.changed = asyncio.Condition()
        self.url = ""
        self.frame = SIZE + FILL + SYNC
        self.is_mute = False

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Greet, draw after the ticket, echo pings, write the rest down."""
        socket = web.WebSocketResponse(protocols=("guacamole",))
        await socket.prepare(request)
        self.addresses.append(request.rel_url.raw_path_qs)
        self.sockets.append(socket)
        await socket.send_str(encode("", "8f0c3b1e-0000-4000-8000-000000000001"))
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            for elements in decode(message.data):
                await self._take(socket, elements)
        return socket

    async def _take(self, socket: web.WebSocketResponse, elements: Elements) -> None:
        if elements[:2] == ["", "ping"]:
            if not self.is_mute:
                await socket.send_str(encode(*elements))
            return
        if elements[:2] == ["", "ticket"]:
            await socket.send_str(self.frame)
        async with self.changed:
            self.taken.append(elements)
            self.changed.notify_all()

    def keys(self) -> list[tuple[int, int]]:
        """Keys so far: (keysym, 1 pressed or 0 released)."""
        return [(int(one[1]), int(one[2])) for one in self.taken if one[0] == "key"]

    async def wait_for_keys(self, count: int, deadline_s: float = 20) -> list[tuple[int, int]]:
        """Until that many key instructions came."""
        async with asyncio.timeout(deadline_s), self.changed:
            await self.changed.wait_for(lambda: len(self.keys()) >= count)
        return self.keys()

    def tickets(self) -> int:
        """How often the page has come with a ticket."""
        return sum(one[:2] == ["", "ticket"] for one in self.taken)

    async def wait_for_tickets(self, count: int, deadline_s: float = 20) -> None:
        """Until the page has come with a ticket that often."""
        async with asyncio.timeout(deadline_s), self.changed:
            await self.changed.wait_for(lambda: self.tickets() >= count)

    async def wait_for(self, opcode: str, deadline_s: float = 20) -> Elements:
        """The first instruction with this opcode (``ticket`` for the in-band ticket)."""

        def find() -> Elements | None:
            return next((one for one in self.taken if opcode in one[:2]), None)

        async with asyncio.timeout(deadline_s), self.changed:
            await self.changed.wait_for(lambda: find() is not None)
        found = find()
        assert found is not None
        return found

    async def say(self, instructions: str) -> None:
        """To every page that is connected."""
        for socket in self.sockets:
            if not socket.closed:
                await socket.send_str(instructions)

    async def hang_up(self, code: int, reason: str) -> None:
        """Close as the gateway does."""
        sockets, self.sockets = self.sockets, []
        for socket in sockets:
            await socket.close(code=code, message=reason.encode())


@asynccontextmanager
async def serving_tunnel() -> AsyncIterator[FakeTunnel]:
    """A fake tunnel on a free port."""
    tunnel = FakeTunnel()
    app = web.Application()
    app.router.add_get("/tunnel", tunnel.accept)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "localhost", 0)
    await site.start()
    port = runner.addresses[0][1]
    tunnel.url = f"ws://localhost:{port}/tunnel"
    try:
        yield tunnel
    finally:
        await runner.cleanup()
