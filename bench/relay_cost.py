"""What filter and watermark cost: CPU of the gateway on the office profile, beside relays that judge nothing.

    python -m bench.relay_cost [--sessions 30] [--slice 0.5] [--rounds 10] [--starts 2] [--at-once]

Each relay is a gateway in a process of its own; guacd, browsers and broker are fakes in another. All of them live
from beginning to end and are busy in turns, half a second each, in random order; what counts is the ratio to the bare
relay within one round, and of these the median. No two processes are alike to the caches: all start anew after some
rounds. On a machine that has other work too, let all be busy at once: what
disturbs one disturbs the others as much (take fewer sessions, since there are four times as many).

- `unread`: every read is handed on as it came (no relay for use, see :mod:`bench.bare_relays`);
- `bare`: whole instructions are handed on, whatever they are;
- `filter`: the gateway; `filter+watermark`: the same with a watermark.
"""

import argparse
import asyncio
import contextlib
import copy
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil
import tomli_w
import uvloop

from bench.bare_relays import take_the_filters_out
from bench.office import FRAMES_PER_S, OfficeGuacd, Seen, browse, make_frames
from broker.model.ids import AttachmentId
from gateway.__main__ import run_until_signalled
from gateway.log import set_up_log
from gateway.settings import load_settings
from tests.fakes.broker import WIRE_KEY, ObligingBroker, make_spec
from tests.fakes.browser import ORIGIN
from tests.fakes.waiting import until
from tests.gateway.conftest import find_free_port

RESULTS: Final = Path(__file__).parent / "results"
RELAYS: Final = ("unread", "bare", "filter", "filter+watermark")
MARK: Final = "関所\xa0太郎 t-sekisho 端末未登録 203.0.113.5 2026-04-01\xa008:30"
_WARM_UP_S: Final = 1.0
_SETTLE_S: Final = 0.2
_MOST_ATTEMPTS: Final = 3


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """CPU of one gateway in one slice, and what reached its browsers."""

    cpu_us: float
    megabytes: float
    frames: int
    messages: int
    cut_messages: int

    def per_megabyte(self) -> float:
        return self.cpu_us / self.megabytes


class Rig:
    """One gateway with its guacd, its broker and its browsers."""

    def __init__(self, relay: str, folder: Path, frames: list[bytes]) -> None:
        self.relay = relay
        self._folder = folder
        self._guacd = OfficeGuacd(frames)
        self._broker = ObligingBroker(folder / "wire.sock")
        self._seen = Seen()
        self._browsers: list[asyncio.Task[None]] = []
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, sessions: int) -> None:
        port = find_free_port()
        await self._broker.start()
        config = write_config(self._folder, port, await self._guacd.start())
        command = (sys.executable, "-m", "bench.relay_cost", "--serve", self.relay, str(config))
        self._process = await asyncio.create_subprocess_exec(*command)
        await until(lambda: self._broker.is_connected, 20)
        grants = make_spec().grants
        if self.relay == "filter+watermark":
            grants = msgspec.structs.replace(grants, watermark_text=MARK)
        for number in range(sessions):
            ticket = f"ticket-of-a-bench-{number:04}"
            self._broker.tickets[ticket] = make_spec(attachment_id=AttachmentId(ticket), grants=grants)
            self._browsers.append(asyncio.create_task(browse(port, ticket, self._seen)))
        await until(lambda: self._seen.frames >= sessions, 30)

    async def work(self, seconds: float) -> Spent:
        """Be busy for so long. The beginning does not count."""
        self._guacd.is_busy.set()
        await asyncio.sleep(_SETTLE_S)
        cpu_s, seen = self._read_cpu_s(), copy.copy(self._seen)
        await asyncio.sleep(seconds)
        spent = Spent(
            cpu_us=(self._read_cpu_s() - cpu_s) * 1e6,
            megabytes=(self._seen.received_bytes - seen.received_bytes) / 1e6,
            frames=self._seen.frames - seen.frames,
            messages=self._seen.messages - seen.messages,
            cut_messages=self._seen.cut_messages - seen.cut_messages,
        )
        self._guacd.is_busy.clear()
        await asyncio.sleep(_SETTLE_S)
        if any(each.done() for each in self._browsers):
            raise RuntimeError(f"{self.relay}: a session ended early")
        return spent

    def _read_cpu_s(self) -> float:
        """Of all threads of the gateway, to the nanosecond (clock_getcpuclockid of the C library)."""
        assert self._process is not None
        return time.clock_gettime((~self._process.pid << 3) | 2)

    async def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await asyncio.gather(self._process.wait(), *self._browsers, return_exceptions=True)
        await self._guacd.stop()
        await self._broker.die()


def serve(name: str, config: Path) -> None:
    """One gateway, until it is told to stop; on the last processor, where the others are too."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if name in ("unread", "bare"):
        take_the_filters_out(is_read=name == "bare")
    settings = load_settings(config)
    set_up_log(settings.log_level)
    uvloop.run(run_until_signalled(settings))


def write_config(folder: Path, port: int, guacd: str) -> Path:
    (folder / "wire.key").write_text(WIRE_KEY)
    table: dict[str, Any] = {
        "gateway_id": "gateway-1", "zones": ["lgwan"], "allowed_origins": [ORIGIN], "listen_port": port,
        "wire_key_file": str(folder / "wire.key"), "wire_socket": str(folder / "wire.sock"),
        "spool_dir": str(folder / "spool"), "guacd_groups": {"lgwan": [guacd]}, "log_level": "error",
        # all browsers come from one address
        "door": {"redeems_per_address": {"per_s": 500.0, "at_once": 500}, "max_waiting_per_address": 500},
    }  # fmt: skip
    (folder / "gateway.toml").write_text(tomli_w.dumps(table))
    return folder / "gateway.toml"


@contextlib.asynccontextmanager
async def set_up(sessions: int) -> AsyncIterator[list[Rig]]:
    frames = make_frames()
    with tempfile.TemporaryDirectory() as name:
        rigs = []
        for number, relay in enumerate(RELAYS):
            folder = Path(name) / str(number)
            folder.mkdir()
            rigs.append(Rig(relay, folder, frames))
        try:
            for rig in rigs:
                await rig.start(sessions)
            yield rigs
        finally:
            for rig in rigs:
                await rig.stop()


async def compare(sessions: int, slice_s: float, rounds: int, *, is_at_once: bool) -> list[dict[str, Spent]]:
    """What each relay spent, round by round. Rounds in which the machine stood still for one of them don't count."""
    due_frames = sessions * slice_s * FRAMES_PER_S
    measured: list[dict[str, Spent]] = []
    async with set_up(sessions) as rigs:
        for rig in rigs:
            await rig.work(_WARM_UP_S)
        for _ in range(_MOST_ATTEMPTS * rounds):
            if len(measured) == rounds:
                break
            order = random.sample(rigs, len(rigs))
            if is_at_once:
                spent = await asyncio.gather(*(rig.work(slice_s) for rig in order))
            else:
                spent = [await rig.work(slice_s) for rig in order]
            if all(each.frames > due_frames / 2 for each in spent):
                measured.append({rig.relay: each for rig, each in zip(order, spent, strict=True)})
    if len(measured) < rounds:
        raise RuntimeError("the machine has too much other work to measure anything")
    return measured


def summarise(measured: list[dict[str, Spent]], against: str) -> dict[str, Any]:
    """Percent over the relay ``against``: the median of the rounds and their middle half."""
    over = {}
    for relay in RELAYS:
        percents = [(each[relay].per_megabyte() / each[against].per_megabyte() - 1) * 100 for each in measured]
        low, middle, high = statistics.quantiles(percents, n=4)
        over[relay] = {"median": round(middle, 1), "middle_half": [round(low, 1), round(high, 1)]}
    return over


def describe(measured: list[dict[str, Spent]], arguments: argparse.Namespace) -> dict[str, Any]:
    def median(read: Callable[[Spent], float]) -> dict[str, float]:
        return {relay: round(statistics.median(read(each[relay]) for each in measured), 2) for relay in RELAYS}

    return {
        "profile": "office: 30 frames/s, 20 small instructions each, two images of 6 KB in every third",
        "busy": "at_once" if arguments.at_once else "in_turns",
        "sessions": arguments.sessions,
        "slice_s": arguments.slice,
        "rounds": arguments.rounds,
        "starts": arguments.starts,
        "mb_per_s_and_session": median(lambda spent: spent.megabytes / arguments.slice / arguments.sessions),
        "messages_per_frame": median(lambda spent: spent.messages / spent.frames),
        "messages_cut_percent": median(lambda spent: spent.cut_messages / spent.messages * 100),
        "cpu_us_per_frame": median(lambda spent: spent.cpu_us / spent.frames),
        "cpu_us_per_mb": median(Spent.per_megabyte),
        "percent_over_bare": summarise(measured, "bare"),
        "percent_over_unread": summarise(measured, "unread"),
        "load_average": round(os.getloadavg()[0], 1),
        "machine": f"{psutil.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}, "
        f"uvloop {version('uvloop')}, aiohttp {version('aiohttp')}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", nargs=2, metavar=("RELAY", "CONFIG"))
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--slice", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--starts", type=int, default=2)
    parser.add_argument("--at-once", action="store_true")
    parser.add_argument("--write", action="store_true", help="keep the result in bench/results")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve[0], Path(arguments.serve[1]))
        return
    measured = uvloop.run(compare(arguments.sessions, arguments.slice, arguments.rounds, is_at_once=arguments.at_once))
    result = describe(measured, arguments)
    if arguments.write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"relay_cost_{result['busy']}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
