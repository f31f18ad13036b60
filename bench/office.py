"""The office profile: 30 frames a second and session, each about 20 small instructions, and two images of 6 KB in
every third; about 0.2 MB a second. Whoever shows it, and whoever looks at it.
"""

import asyncio
import base64
import random
import time
from typing import Final

import aiohttp

from gateway.protocol import encode_instruction
from tests.fakes.browser import HEADERS
from tests.fakes.guacd import FRAME_TIMESTAMP, PICTURE, TalkativeGuacd, Visit

FRAMES_PER_S: Final = 30
_FRAMES: Final = 300
_NOW: Final = 1_700_000_000_000
"""guacd counts milliseconds since 1970."""
_WRITE_BYTES: Final = 8192
"""guacd writes whenever so much is waiting, and at the end of a frame (``GUAC_SOCKET_OUTPUT_BUFFER_SIZE``)."""
_IMAGE_BYTES: Final = 6048


def _draw_text(source: random.Random) -> bytes:
    x, y = source.randrange(1280), source.randrange(720)
    return encode_instruction("copy", "-2", str(x), str(y), "64", "16", "14", "0", str(y), str(x))


def _fill(source: random.Random) -> bytes:
    x, y = str(source.randrange(1280)), str(source.randrange(720))
    if source.random() < 0.5:
        return encode_instruction("rect", "0", x, y, "64", "16")
    return encode_instruction("cfill", "14", "0", "16", str(source.randrange(256)), "48", "255")


def show_image(source: random.Random, stream: str) -> bytes:
    """An image of 6 KB, as a stream of one blob."""
    x, y = str(source.randrange(1280)), str(source.randrange(720))
    return (
        encode_instruction("img", stream, "14", "0", "image/png", x, y)
        + encode_instruction("blob", stream, base64.b64encode(source.randbytes(_IMAGE_BYTES)).decode())
        + encode_instruction("end", stream)
    )


def make_frames(seed: int = 1) -> list[bytes]:
    """Ten seconds of it, without the ends of the frames."""
    source = random.Random(seed)
    frames = []
    for number in range(_FRAMES):
        frame = b"".join(_draw_text(source) + _fill(source) for _ in range(10))
        if number % 3 == 0:
            frame += show_image(source, "1") + show_image(source, "2")
        frames.append(frame)
    return frames


class OfficeGuacd(TalkativeGuacd):
    """Shows the office profile while :attr:`is_busy` is set, to each session at a time of its own: wake-ups are
    what a relay costs, and sessions in step would share them."""

    def __init__(self, frames: list[bytes]) -> None:
        super().__init__()
        self.is_busy = asyncio.Event()
        self._frames = frames

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        visit.say(PICTURE, encode_instruction("sync", str(FRAME_TIMESTAMP)))
        reading = asyncio.create_task(self.listen(visit))
        number = random.randrange(_FRAMES)
        timestamp = _NOW
        while not reading.done():
            if not self.is_busy.is_set():
                await self.is_busy.wait()
                await asyncio.sleep(random.random() / FRAMES_PER_S)
            due_s = time.monotonic() + 1 / FRAMES_PER_S
            number, timestamp = number + 1, timestamp + 33
            await self._show(visit, self._frames[number % _FRAMES] + encode_instruction("sync", str(timestamp)))
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    async def _show(self, visit: Visit, frame: bytes) -> None:
        for begin in range(0, len(frame), _WRITE_BYTES):
            visit.say(frame[begin : begin + _WRITE_BYTES])
            # the event loop writes when it comes round
            await asyncio.sleep(0)


class Seen:
    """What the browsers of one gateway have received."""

    def __init__(self) -> None:
        self.received_bytes = 0
        self.frames = 0
        self.messages = 0
        self.cut_messages = 0
        """Those that end inside an instruction."""


async def browse(port: int, ticket: str, seen: Seen) -> None:
    """Reads everything and acknowledges tile and frames, without taking anything apart."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"ws://127.0.0.1:{port}/tunnel",
            protocols=("guacamole",),
            headers=HEADERS,
            compress=0,
            max_msg_size=0,
            decode_text=False,
        ) as socket,
    ):
        await socket.send_str(encode_instruction("", "ticket", ticket).decode())
        async for frame in socket:
            data: bytes = frame.data
            seen.received_bytes += len(data)
            seen.messages += 1
            seen.cut_messages += not data.endswith(b";")
            for _ in range(data.count(b"4.blob,7.9000001")):
                await socket.send_str("3.ack,7.9000001,2.OK,1.0;")
            at = data.rfind(b"4.sync,")
            if at >= 0 and (end := data.find(b";", at)) >= 0:
                seen.frames += 1
                await socket.send_str(data[at : end + 1].decode())
