"""Bytes in both directions until one side ends, is silent for too long, or the time is over."""

import asyncio

import msgspec

_CHUNK: int = 65536


class Counted:
    """How much went each way so far."""

    __slots__ = ("inward", "outward", "touched_at")

    def __init__(self) -> None:
        self.outward = 0
        self.inward = 0
        self.touched_at = asyncio.get_running_loop().time()


class RelayLimits(msgspec.Struct, frozen=True):
    idle_s: float
    lifetime_s: float


async def relay(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    counted: Counted,
    limits: RelayLimits,
) -> None:
    """Returns when both directions have ended. A side that ends its sending is told to the other one."""
    tasks = [
        asyncio.create_task(pump(client[0], server[1], counted, is_outward=True)),
        asyncio.create_task(pump(server[0], client[1], counted, is_outward=False)),
    ]
    try:
        async with asyncio.timeout(limits.lifetime_s):
            await _until_done(tasks, counted, limits.idle_s)
    except TimeoutError:
        return
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def pump(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, counted: Counted, *, is_outward: bool
) -> None:
    """One direction. ``drain`` waits for a slow reader: nothing piles up here. Raises :class:`OSError`."""
    while data := await source.read(_CHUNK):
        target.write(data)
        await target.drain()
        counted.touched_at = asyncio.get_running_loop().time()
        if is_outward:
            counted.outward += len(data)
        else:
            counted.inward += len(data)
    if target.can_write_eof():
        target.write_eof()


async def _until_done(tasks: list[asyncio.Task[None]], counted: Counted, idle_s: float) -> None:
    loop = asyncio.get_running_loop()
    pending = set(tasks)
    while pending:
        left_s = counted.touched_at + idle_s - loop.time()
        if left_s <= 0:
            return
        done, pending = await asyncio.wait(pending, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        if any(task.exception() is not None for task in done):
            return
