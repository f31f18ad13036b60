"""Rates one after another, each held for a while, until people wait too long; and what each cost the processes."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import psutil

from bench.signin_storm_clients import Order, Tally
from bench.signin_storm_staff import STAFF

GOOD_P99_MS: Final = 500.0
"""A rate is held when 99 of 100 are in within this, nobody is refused, and arrivals were on time."""
LAST_P99_MS: Final = 1000.0
"""Beyond this the storm ends."""
_LATE_START_MS: Final = 250.0
_SETTLE_S: Final = 60.0
_WINDOW_S: Final = 0.5
_QUIET_WINDOWS: Final = 4
_QUIET_SHARE: Final = 0.2
_ANSWER_BYTES: Final = 1 << 26


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    first_per_s: float
    factor: float
    hold_s: float
    most_per_s: float = 400.0


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One rate. CPU is of all threads and children of each part, in milliseconds for each sign-in."""

    per_s: float
    signins: int
    failed: dict[str, int]
    p50_ms: float
    p99_ms: float
    password_p50_ms: float
    code_p50_ms: float
    broker_cpu_ms: float
    directory_cpu_ms: float
    database_cpu_ms: float
    load_cpu_ms: float
    load_busiest_percent: float
    """Of one processor, by the busiest process of the load tool."""
    latest_start_ms: float

    @property
    def is_held(self) -> bool:
        return self.signins > 0 and not self.failed and self.p99_ms < GOOD_P99_MS


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Process ids; the database is None where it runs inside the broker."""

    broker: int
    directory: int
    database: int | None


class Crowd:
    """The processes of the load tool."""

    def __init__(self, processes: list[asyncio.subprocess.Process]) -> None:
        self._processes = processes
        self._next = 0
        self._seed = 1

    async def come(self, per_s: float, seconds: float) -> list[Tally]:
        """Poisson arrivals in each process; together they are one of their summed rate."""
        count = len(self._processes)
        orders = [
            Order(
                rate_per_s=per_s / count,
                seconds=seconds,
                first=self._next + place,
                stride=count,
                seed=self._seed + place,
            )
            for place in range(count)
        ]
        self._seed += count
        # Nobody comes twice within a step of their app's code: the next rate begins with the next people.
        self._next = (self._next + int(per_s * seconds * 1.5) + 20 * count) // count * count % STAFF
        return list(await asyncio.gather(*map(_carry_out, self._processes, orders)))


async def _carry_out(process: asyncio.subprocess.Process, order: Order) -> Tally:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(order) + b"\n")
    return msgspec.json.decode(await process.stdout.readline(), type=Tally)


@asynccontextmanager
async def gather_crowd(port: int, processes: int) -> AsyncIterator[Crowd]:
    command = (sys.executable, "-m", "bench.signin_storm_clients", str(port))
    pipe = asyncio.subprocess.PIPE
    started = [
        await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=_ANSWER_BYTES)
        for _ in range(processes)
    ]
    try:
        yield Crowd(started)
    finally:
        for process in started:
            process.terminate()
            await process.wait()


async def settle(parts: Parts) -> float:
    """Wait until the broker has read the directory for the first time: it then rests. The seconds that it took."""
    began_s = time.monotonic()
    quiet = 0
    while quiet < _QUIET_WINDOWS and time.monotonic() < began_s + _SETTLE_S:
        before_s = _read_cpu_s(parts.broker)
        await asyncio.sleep(_WINDOW_S)
        quiet = quiet + 1 if _read_cpu_s(parts.broker) - before_s < _QUIET_SHARE * _WINDOW_S else 0
    return round(time.monotonic() - began_s, 1)


async def climb(crowd: Crowd, parts: Parts, ladder: Ladder) -> AsyncIterator[Rung]:
    """Ends with the first rate at which the 99th percentile is beyond :data:`LAST_P99_MS`, or somebody fails."""
    rate = ladder.first_per_s
    while rate <= ladder.most_per_s:
        rung = await hold(crowd, parts, round(rate, 1), ladder.hold_s)
        yield rung
        if rung.failed or rung.p99_ms > LAST_P99_MS:
            return
        rate *= ladder.factor


async def hold(crowd: Crowd, parts: Parts, per_s: float, seconds: float) -> Rung:
    before = _read_all(parts)
    tallies = await crowd.come(per_s, seconds)
    spent = [after - earlier for after, earlier in zip(_read_all(parts), before, strict=True)]
    whole = sorted(ms for tally in tallies for ms in tally.whole_ms)
    failed: dict[str, int] = {}
    for cause, count in (pair for tally in tallies for pair in tally.failed.items()):
        failed[cause] = failed.get(cause, 0) + count
    signins = len(whole)
    broker, directory, database, load = (round(cpu_s * 1000 / max(1, signins), 2) for cpu_s in
                                         (*spent, sum(tally.cpu_s for tally in tallies)))  # fmt: skip
    return Rung(
        per_s=per_s,
        signins=signins,
        failed=failed,
        p50_ms=percentile(whole, 0.5),
        p99_ms=percentile(whole, 0.99),
        password_p50_ms=_median([ms for tally in tallies for ms in tally.password_ms]),
        code_p50_ms=_median([ms for tally in tallies for ms in tally.code_ms]),
        broker_cpu_ms=broker,
        directory_cpu_ms=directory,
        database_cpu_ms=database,
        load_cpu_ms=load,
        load_busiest_percent=round(max(tally.cpu_s for tally in tallies) / seconds * 100, 1),
        latest_start_ms=round(max(tally.latest_start_ms for tally in tallies), 1),
    )


def percentile(ordered: list[float], share: float) -> float:
    """The least value that this share of them does not exceed; infinite of none."""
    if not ordered:
        return float("inf")
    return round(ordered[max(0, -int(-share * len(ordered) // 1) - 1)], 1)


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 1) if values else float("inf")


def _read_all(parts: Parts) -> list[float]:
    return [0.0 if pid is None else _read_cpu_s(pid) for pid in (parts.broker, parts.directory, parts.database)]


def _read_cpu_s(pid: int) -> float:
    """Of a process, the children that it has waited for, and those that live."""
    process = psutil.Process(pid)
    spent = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        try:
            spent += sum(child.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return spent


def load_average() -> float:
    return round(os.getloadavg()[0], 1)
