"""Servers that speak like guacd, each named for how it behaves."""

import asyncio
import ssl
from collections.abc import Sequence

from gateway.protocol import Elements, InstructionReader, encode_instruction
from tests.fakes.transcripts import VNC_1_3_0
from tests.fakes.waiting import until

FRAME_TIMESTAMP = 1_000_000
PICTURE = (
    encode_instruction("size", "0", "1280", "720")
    + encode_instruction("img", "1", "14", "0", "image/png", "0", "0")
    + encode_instruction("blob", "1", "iVBORw0KGgo=")
    + encode_instruction("end", "1")
    + encode_instruction("rect", "0", "0", "0", "64", "64")
    + encode_instruction("cfill", "14", "0", "16", "32", "48", "255")
)
FIRST_FRAME = PICTURE + encode_instruction("sync", str(FRAME_TIMESTAMP))


class Visit:
    """One connection that a gateway has made."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.received: list[Elements] = []
        self.is_over = False
        self._instructions = InstructionReader()

    async def next(self) -> Elements | None:
        """The next instruction, ``None`` at the end."""
        while (elements := self._instructions.next()) is None:
            data = await self.reader.read(65536)
            if not data:
                return None
            self._instructions.feed(data)
        self.received.append(elements)
        return elements

    def say(self, *instructions: bytes) -> None:
        self.writer.write(b"".join(instructions))

    def opcodes(self) -> list[bytes]:
        return [elements[0] for elements in self.received]


class TalkativeGuacd:
    """Goes through the handshake, shows one frame, then listens. The tests make it say more."""

    def __init__(self, announced: Sequence[str] = tuple(VNC_1_3_0)) -> None:
        self.announced = list(announced)
        self.visits: list[Visit] = []
        self.address = ""
        self.tls: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        return self.address

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for visit in self.visits:
            if not visit.writer.is_closing():
                visit.writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def last(self) -> Visit:
        return self.visits[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        visit = Visit(reader, writer)
        self.visits.append(visit)
        try:
            await self.behave(visit)
        except ConnectionError:
            pass
        finally:
            visit.is_over = True
            writer.close()

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        visit.say(FIRST_FRAME)
        await self.listen(visit)

    async def shake_hands(self, visit: Visit) -> None:
        assert await visit.next() is not None
        visit.say(encode_instruction("args", *self.announced))
        while (elements := await visit.next()) is not None:
            if elements[0] == b"connect":
                break
        visit.say(encode_instruction("ready", "$260d01da-779b-4ee9-afc1-c16bae885cc7"))

    async def listen(self, visit: Visit) -> None:
        while (elements := await visit.next()) is not None:
            if elements[0] == b"disconnect":
                return


class JoinableGuacd(TalkativeGuacd):
    """Keeps a connection as long as it has a user; whoever selects its id becomes a further one, with the whole
    picture. Who selects what is not there (any more) is let go of."""

    def __init__(self, announced: Sequence[str] = tuple(VNC_1_3_0)) -> None:
        super().__init__(announced)
        self.users: dict[str, list[Visit]] = {}

    async def behave(self, visit: Visit) -> None:
        asked = await visit.next()
        assert asked is not None
        wanted = asked[1].decode()
        if wanted.startswith("$") and not self.users.get(wanted):
            return
        connection_id = wanted if wanted.startswith("$") else f"$connection-{len(self.users) + 1}"
        visit.say(encode_instruction("args", *self.announced))
        while (elements := await visit.next()) is not None and elements[0] != b"connect":
            pass
        self.users.setdefault(connection_id, []).append(visit)
        visit.say(encode_instruction("ready", connection_id), FIRST_FRAME)
        try:
            await self.listen(visit)
        finally:
            self.users[connection_id].remove(visit)


class SilentGuacd(TalkativeGuacd):
    """Takes the connection and never says a word."""

    async def behave(self, visit: Visit) -> None:
        await self.listen(visit)


class HastyGuacd(TalkativeGuacd):
    """As 1.3.0 on a busy host: what it said before it listed its user, the size of the screen, reached nobody."""

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        visit.say(FIRST_FRAME.removeprefix(encode_instruction("size", "0", "1280", "720")))
        await self.listen(visit)


class GarbageGuacd(TalkativeGuacd):
    """Shows a frame, then sends what is no protocol."""

    garbage = b"\x00\xff<html>502 Bad Gateway</html>"

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        visit.say(FIRST_FRAME, self.garbage)
        await self.listen(visit)


class GarbageAtTheDoorGuacd(TalkativeGuacd):
    """Answers ``select`` with what is no protocol."""

    async def behave(self, visit: Visit) -> None:
        visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await self.listen(visit)


class HalfInstructionGuacd(TalkativeGuacd):
    """Shows a frame, begins an instruction and falls silent."""

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        visit.say(FIRST_FRAME, b"4.blob,1.1,8000.AAAA")
        await self.listen(visit)


class FloodingGuacd(TalkativeGuacd):
    """Sends images as fast as they are taken, and counts the bytes that were."""

    def __init__(self) -> None:
        super().__init__()
        self.sent_bytes = 0

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        image = (
            encode_instruction("img", "1", "14", "0", "image/png", "0", "0")
            + encode_instruction("blob", "1", "A" * 8000) * 4
            + encode_instruction("end", "1")
        )
        timestamp = FRAME_TIMESTAMP
        while True:
            timestamp += 1
            frame = image + encode_instruction("sync", str(timestamp))
            visit.say(frame)
            await visit.writer.drain()
            self.sent_bytes += len(frame)

    async def wait_steady(self, quiet_s: float = 0.3, timeout_s: float = 20.0) -> None:
        """Until back-pressure has reached us: nothing more was taken for ``quiet_s``."""
        clock = asyncio.get_running_loop().time
        seen, since_s = self.sent_bytes, clock()

        def is_steady() -> bool:
            nonlocal seen, since_s
            if self.sent_bytes != seen:
                seen, since_s = self.sent_bytes, clock()
            return clock() - since_s >= quiet_s

        await until(is_steady, timeout_s, "back-pressure reaches guacd")


class DeafGuacd(TalkativeGuacd):
    """Shows a frame and reads nothing any more."""

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        visit.say(FIRST_FRAME)
        await asyncio.Event().wait()


class RefusingGuacd(TalkativeGuacd):
    """Ends the handshake with an error, as when nothing listens at the desktop."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        visit.say(encode_instruction("error", "Aborted. See logs.", str(self.status)))
        await self.listen(visit)


class VanishingGuacd(TalkativeGuacd):
    """Shows a frame, then its process is gone."""

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        visit.say(FIRST_FRAME)
        await visit.writer.drain()
        await visit.next()
        visit.writer.transport.abort()
