"""What filter and watermark cost: CPU of the gateway per MB to the browser, against a relay that looks at nothing.

    python -m bench.watermark_cost [--sessions 20] [--seconds 10] [--rounds 3]

Office profile: 30 frames a second and session, each of 20 small instructions, an image of 6 KB in every third.
The gateway runs in a process of its own; guacd, browsers and broker are fakes in another.
Modes take turns in random order.
"""

import argparse
import asyncio
import json
import platform
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import psutil
import tomli_w
import uvloop

from broker.model.ids import AttachmentId
from gateway import relay
from gateway.__main__ import run_until_signalled
from gateway.filters.browser import BrowserFilter
from gateway.filters.picture import PictureFilter
from gateway.log import set_up_log
from gateway.protocol import encode_instruction
from gateway.settings import load_settings
from tests.fakes.broker import WIRE_KEY, ObligingBroker, make_spec
from tests.fakes.browser import HEADERS, ORIGIN
from tests.fakes.guacd import FRAME_TIMESTAMP, PICTURE, TalkativeGuacd, Visit
from tests.fakes.waiting import until
from tests.gateway.conftest import find_free_port

RESULT = Path(__file__).parent / "results" / "watermark_cost.json"
MODES = ("bare", "filter", "filter+watermark")
FRAMES_PER_S = 30
TEXT = "関所\xa0太郎 t-sekisho 端末未登録 203.0.113.5 2026-04-01\xa008:30"
_SMALL = b"".join(
    encode_instruction("copy", "-2", str(at), "0", "64", "16", "14", "0", str(at * 8), "32")
    + encode_instruction("cfill", "14", "0", "16", str(at), "48", "255")
    for at in range(10)
)
_IMAGE = (
    encode_instruction("img", "1", "14", "0", "image/png", "0", "0")
    + encode_instruction("blob", "1", "A" * 6048)
    + encode_instruction("end", "1")
)


class BarePicture(PictureFilter):
    """Lets every byte through unread."""

    def feed(self, data: bytes) -> bytes:
        return data


class BareInput(BrowserFilter):
    """Lets every message through unread."""

    def feed(self, message: bytes) -> bytes:
        return message


class OfficeGuacd(TalkativeGuacd):
    """Shows the office profile to everybody, in step."""

    async def behave(self, visit: Visit) -> None:
        await self.shake_hands(visit)
        visit.say(PICTURE, encode_instruction("sync", str(FRAME_TIMESTAMP)))
        reading = asyncio.create_task(self.listen(visit))
        started = time.monotonic()
        for number in range(1, 1_000_000):
            if reading.done():
                return
            frame = _SMALL + (_IMAGE if number % 3 == 0 else b"")
            visit.say(frame, encode_instruction("sync", str(FRAME_TIMESTAMP + number)))
            await asyncio.sleep(max(0.0, started + number / FRAMES_PER_S - time.monotonic()))


async def browse(port: int, ticket: str, received: list[int]) -> None:
    """Reads everything and acknowledges tile and frames, without taking anything apart."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"ws://127.0.0.1:{port}/tunnel", protocols=("guacamole",), headers=HEADERS, compress=0, max_msg_size=0
        ) as socket,
    ):
        await socket.send_str(encode_instruction("", "ticket", ticket).decode())
        async for frame in socket:
            text: str = frame.data
            received[0] += len(text)
            for _ in range(text.count("4.blob,7.9000001")):
                await socket.send_str("3.ack,7.9000001,2.OK,1.0;")
            if (at := text.rfind("4.sync,")) >= 0:
                await socket.send_str(text[at : text.index(";", at) + 1])


def serve(mode: str, config: Path) -> None:
    """The gateway of one mode, until it is told to stop."""
    if mode == "bare":
        relay.PictureFilter = BarePicture  # type: ignore[attr-defined] # only in this process
        relay.BrowserFilter = BareInput  # type: ignore[attr-defined] # only in this process
    settings = load_settings(config)
    set_up_log(settings.log_level)
    uvloop.run(run_until_signalled(settings))


def write_config(folder: Path, port: int, guacd: str) -> Path:
    (folder / "wire.key").write_text(WIRE_KEY)
    table: dict[str, Any] = {
        "gateway_id": "gateway-1", "zones": ["lgwan"], "allowed_origins": [ORIGIN], "listen_port": port,
        "wire_key_file": str(folder / "wire.key"), "wire_socket": str(folder / "wire.sock"),
        "spool_dir": str(folder / "spool"), "guacd_groups": {"lgwan": [guacd]}, "log_level": "error",
    }  # fmt: skip
    (folder / "gateway.toml").write_text(tomli_w.dumps(table))
    return folder / "gateway.toml"


async def measure(mode: str, sessions: int, seconds: float) -> float:
    """CPU microseconds of the gateway per MB that reached browsers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        guacd, broker, port = OfficeGuacd(), ObligingBroker(folder / "wire.sock"), find_free_port()
        await broker.start()
        config = write_config(folder, port, await guacd.start())
        command = (sys.executable, "-m", "bench.watermark_cost", "--serve", mode, str(config))
        gateway = await asyncio.create_subprocess_exec(*command)
        await until(lambda: broker.is_connected, 20)
        received = [0]
        grants = make_spec().grants
        if mode == "filter+watermark":
            grants = msgspec.structs.replace(grants, watermark_text=TEXT)
        browsers: list[asyncio.Task[None]] = []
        for number in range(sessions):
            ticket = f"ticket-of-a-bench-{number:04}"
            broker.tickets[ticket] = make_spec(attachment_id=AttachmentId(ticket), grants=grants)
            browsers.append(asyncio.create_task(browse(port, ticket, received)))
        await until(lambda: len(guacd.visits) == sessions, 30)
        await asyncio.sleep(2.0)
        process = psutil.Process(gateway.pid)
        bytes_before, cpu_before = received[0], sum(process.cpu_times()[:2])
        await asyncio.sleep(seconds)
        spent_s = sum(process.cpu_times()[:2]) - cpu_before
        megabytes = (received[0] - bytes_before) / 1e6
        assert not any(each.done() for each in browsers), "a session ended early"
        gateway.terminate()
        await asyncio.gather(gateway.wait(), *browsers, return_exceptions=True)
        await guacd.stop()
        await broker.die()
    return spent_s / megabytes * 1e6


async def compare(sessions: int, seconds: float, rounds: int) -> dict[str, Any]:
    taken: dict[str, list[float]] = {mode: [] for mode in MODES}
    for _ in range(rounds):
        for mode in random.sample(MODES, len(MODES)):
            taken[mode].append(await measure(mode, sessions, seconds))
    medians = {mode: round(statistics.median(values)) for mode, values in taken.items()}
    return {
        "profile": "office",
        "sessions": sessions,
        "seconds": seconds,
        "rounds": rounds,
        "cpu_us_per_mb": medians,
        "spread": {mode: [round(min(values)), round(max(values))] for mode, values in taken.items()},
        "over_bare_percent": {
            mode: round((medians[mode] / medians["bare"] - 1) * 100, 1) for mode in MODES if mode != "bare"
        },
        "machine": f"{psutil.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=2, metavar=("MODE", "CONFIG"))
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve[0], Path(arguments.serve[1]))
        return
    result = uvloop.run(compare(arguments.sessions, arguments.seconds, arguments.rounds))
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
