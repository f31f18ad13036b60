"""The portal's door: nobody keeps it shut for the others by saying nothing."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from sekisho.door.keeper import DoorKeeper
from sekisho.door.limits import MAX_SOCKETS, DoorLimits, limits_within
from sekisho.door.roll import SilentRoll, neighbourhood_of
from sekisho.listeners import serve_portal
from tests.fakes.waiting import until
from tests.web.conftest import free_port

HERE, THERE = "127.0.0.1", "127.0.0.2"
SHORT_S = 0.3
PATIENT = DoorLimits(max_sockets=20, max_silent_per_address=10)
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF_HEAD = b"GET / HTTP/1.1\r\nHost: loc"
HALF_BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"
LARGE = 30_000_000


class Caller:
    """A bare connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hear(self) -> bytes:
        """The head of an answer and its two bytes; empty when the portal hung up."""
        async with asyncio.timeout(5):
            try:
                return await self.reader.readuntil(b"ok")
            except (asyncio.IncompleteReadError, ConnectionError):
                return b""

    async def is_shut_within(self, deadline_s: float) -> bool:
        try:
            async with asyncio.timeout(deadline_s):
                return await self.reader.read() == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


class Portal:
    """A small application behind the door. ``gate`` holds answers back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.keeper: DoorKeeper | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0
        self._callers: list[Caller] = []

    @asynccontextmanager
    async def open(self, limits: DoorLimits) -> AsyncIterator["Portal"]:
        application = web.Application()
        application.add_routes([web.get("/", self._answer), web.post("/", self._answer), web.get("/large", _send_much)])
        async with serve_portal(application, "0.0.0.0", self.port, limits) as self.keeper:
            yield self
            self.gate.set()
            for caller in self._callers:
                caller.writer.close()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        await self.gate.wait()
        await request.read()
        return web.Response(text="ok")

    async def call(self, address: str = HERE) -> Caller:
        reader, writer = await asyncio.open_connection(HERE, self.port, local_addr=(address, 0))
        self._callers.append(Caller(reader, writer))
        return self._callers[-1]

    @property
    def open_sockets(self) -> int:
        assert self.keeper is not None
        return self.keeper.open_sockets


async def _send_much(_: web.Request) -> web.Response:
    return web.Response(body=b"x" * LARGE)


def within(**limits: float) -> DoorLimits:
    return msgspec.structs.replace(PATIENT, **limits)


@pytest.mark.parametrize(
    "said, limits",
    [
        (b"", within(head_s=SHORT_S)),
        (HALF_HEAD, within(head_s=SHORT_S)),
        (HALF_BODY, within(body_s=SHORT_S)),
        (GET + HALF_HEAD, within(head_s=SHORT_S)),
        (GET + HALF_BODY, within(body_s=SHORT_S)),
        (GET, within(idle_s=SHORT_S)),
    ],
)
async def test_who_does_not_finish_a_request_in_time_is_shown_out(said: bytes, limits: DoorLimits) -> None:
    async with Portal().open(limits) as portal:
        caller = await portal.call()
        await caller.say(said[: len(GET)] if said.startswith(GET) else said)
        if said.startswith(GET):
            assert b"200 OK" in await caller.hear()
            await caller.say(said[len(GET) :])
        assert await caller.is_shut_within(5)
        await until(lambda: portal.open_sockets == 0)


async def test_a_byte_now_and_then_buys_no_time() -> None:
    async with Portal().open(within(head_s=SHORT_S)) as portal:
        caller = await portal.call()
        await caller.say(HALF_HEAD)
        dripping = asyncio.create_task(_drip(caller))
        assert await caller.is_shut_within(5)
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


async def _drip(caller: Caller) -> None:
    while True:
        await caller.say(b"a")
        await asyncio.sleep(SHORT_S / 10)


async def test_an_answer_that_takes_its_time_is_not_cut_off() -> None:
    async with Portal().open(within(head_s=SHORT_S, body_s=SHORT_S, idle_s=60)) as portal:
        portal.gate.clear()
        caller = await portal.call()
        await caller.say(HALF_BODY + b"defghi")
        await until(lambda: portal.asked)
        assert not await caller.is_shut_within(3 * SHORT_S)
        portal.gate.set()
        assert b"200 OK" in await caller.hear()
        await caller.say(GET)
        assert b"200 OK" in await caller.hear()


async def test_who_does_not_read_the_answer_is_shown_out() -> None:
    async with Portal().open(within(stall_s=SHORT_S)) as portal:
        caller = await portal.call()
        caller.writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's socket transport has it
        await caller.say(GET.replace(b"/ ", b"/large ", 1))
        await until(lambda: portal.open_sockets == 0)


@pytest.mark.parametrize("said", [b"", HALF_HEAD, HALF_BODY, GET])
async def test_a_flood_of_silent_sockets_keeps_nobody_out(said: bytes) -> None:
    async with Portal().open(PATIENT) as portal:
        early = await portal.call(THERE)
        await early.say(GET)
        assert b"200 OK" in await early.hear()
        flood = [await portal.call(HERE) for _ in range(60)]
        for caller in flood:
            caller.writer.write(said)
        await until(lambda: portal.open_sockets <= PATIENT.max_silent_per_address + 1)

        for _ in range(3):
            late = await portal.call(THERE)
            await late.say(GET)
            assert b"200 OK" in await late.hear()
        same_office = await portal.call(HERE)
        await same_office.say(GET)
        assert b"200 OK" in await same_office.hear()
        await early.say(GET)
        assert b"200 OK" in await early.hear()


async def test_the_greediest_address_pays_for_the_newcomer() -> None:
    limits = DoorLimits(max_sockets=6, max_silent_per_address=6)
    async with Portal().open(limits) as portal:
        modest = [await portal.call(THERE) for _ in range(2)]
        greedy = [await portal.call(HERE) for _ in range(4)]
        await until(lambda: portal.open_sockets == 6)
        newcomer = await portal.call("127.0.0.3")
        assert await greedy[0].is_shut_within(5)
        for caller in (*modest, *greedy[1:], newcomer):
            await caller.say(GET)
            assert b"200 OK" in await caller.hear()


async def test_nobody_is_cut_off_in_the_middle_of_an_answer() -> None:
    limits = DoorLimits(max_sockets=3, max_silent_per_address=3)
    async with Portal().open(limits) as portal:
        portal.gate.clear()
        busy = [await portal.call() for _ in range(3)]
        for caller in busy:
            await caller.say(GET)
        await until(lambda: portal.asked == 3)
        assert await (await portal.call(THERE)).is_shut_within(5)
        portal.gate.set()
        for caller in busy:
            assert b"200 OK" in await caller.hear()


@pytest.mark.parametrize(
    "descriptors, sockets", [(64, 32), (256, 128), (1024, 512), (4096, 3584), (65536, MAX_SOCKETS)]
)
def test_the_door_leaves_descriptors_to_the_rest(descriptors: int, sockets: int) -> None:
    limits = limits_within(descriptors)
    assert limits.max_sockets == sockets
    assert 1 <= limits.max_silent_per_address <= sockets // 4


def test_addresses_of_one_subscriber_count_as_one() -> None:
    assert neighbourhood_of("192.0.2.1") == neighbourhood_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert (
        neighbourhood_of("2001:db8::1") == neighbourhood_of("2001:db8::ffff:1") != neighbourhood_of("2001:db8:0:1::1")
    )
    assert neighbourhood_of("fe80::1%eth0") == neighbourhood_of("fe80::2")


def test_the_roll_knows_who_has_been_silent_longest() -> None:
    roll: SilentRoll[str] = SilentRoll()
    for address, one in (("a", "a1"), ("b", "b1"), ("b", "b2"), ("a", "a2"), ("b", "b3")):
        roll.add(address, one)
    assert roll.oldest_of_greediest() == "b1"
    roll.add("b", "b1")
    assert roll.oldest_of_greediest() == "b2"
    for one in ("b1", "b2", "b3", "stranger"):
        roll.drop("b", one)
    assert (roll.oldest_of_greediest(), roll.count("b"), roll.oldest_of("b")) == ("a1", 0, None)


def test_a_process_raises_its_own_limit_as_far_as_it_may() -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 900));"
        "from gateway.descriptors import raise_descriptor_limit as up;"
        "print(up(500), resource.getrlimit(resource.RLIMIT_NOFILE)[0], up(5000), up(10))"
    )
    root = Path(__file__).parents[2]
    shown = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["500", "500", "900", "900"]
