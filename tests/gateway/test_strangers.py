"""One address, however greedy, shuts the door for nobody else."""

import asyncio
import contextlib

import aiohttp
import pytest
from structlog.testing import capture_logs

from broker.wire.messages import Redeem
from gateway.addresses import find_share, is_loopback
from gateway.allowance import Allowance, Rate
from gateway.protocol import encode_instruction
from gateway.settings import DoorLimits
from gateway.tally import Tally
from tests.fakes.browser import frame_text, hear_all
from tests.fakes.waiting import until
from tests.gateway.conftest import Site

GREEDY, HONEST, NEWCOMER = "127.0.0.2", "127.0.0.3", "127.0.0.4"
WRONG_TICKET = frame_text(encode_instruction("", "ticket", "ticket-that-nobody-issued"))
CLOSE = b"\x88\x80\0\0\0\0"
AT_ONCE_THEN_NEVER = 0.000_001


class SilentSocket:
    """Connected from an address of its own; says what it is told to, and notices its end."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._watching: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.heard = b""

    async def open(self, port: int) -> "SilentSocket":
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(self._address, 0))
        self._watching = asyncio.create_task(self._watch(reader))
        return self

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(4096):
                self.heard += chunk

    def say(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    @property
    def is_over(self) -> bool:
        assert self._watching is not None
        return self._watching.done()

    async def close(self) -> None:
        assert self._writer is not None
        assert self._watching is not None
        self._writer.transport.abort()
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)


async def is_served(site: Site, address: str) -> bool:
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(f"http://127.0.0.1:{site.port}/healthz", timeout=aiohttp.ClientTimeout(5)) as health,
    ):
        return health.status == 200


async def test_an_address_has_a_share_of_silent_sockets_and_its_oldest_give_way(site: Site) -> None:
    await site.start(door=DoorLimits(request_s=30, max_silent=20, max_silent_per_address=10))
    honest = await SilentSocket(HONEST).open(site.port)
    greedy = [await SilentSocket(GREEDY).open(site.port) for _ in range(60)]
    await until(lambda: sum(not one.is_over for one in greedy) == 10)
    assert all(one.is_over for one in greedy[:50])
    assert not honest.is_over
    assert await is_served(site, GREEDY), "its own newest too"
    assert await is_served(site, NEWCOMER)
    for one in [*greedy, honest]:
        await one.close()


async def test_where_all_places_are_taken_the_greediest_address_gives_one_up(site: Site) -> None:
    await site.start(door=DoorLimits(request_s=30, max_silent=6, max_silent_per_address=6))
    honest = await SilentSocket(HONEST).open(site.port)
    greedy = [await SilentSocket(GREEDY).open(site.port) for _ in range(5)]
    newcomers = [await SilentSocket(NEWCOMER).open(site.port) for _ in range(2)]
    await until(lambda: [one.is_over for one in greedy] == [True, True, False, False, False])
    assert not honest.is_over
    assert not any(one.is_over for one in newcomers)
    for one in [*greedy, *newcomers, honest]:
        await one.close()


@pytest.mark.parametrize("request_line", ["GET /healthz", "POST /x", "GET /tunnel"])
async def test_a_body_that_never_comes_is_not_waited_for(site: Site, request_line: str) -> None:
    await site.start(door=DoorLimits(request_s=60))
    lingering = await SilentSocket(GREEDY).open(site.port)
    lingering.say(f"{request_line} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\na".encode())
    await until(lambda: lingering.is_over)
    assert lingering.heard.startswith(b"HTTP/1.1 ")
    await lingering.close()


async def test_a_silent_socket_is_shut_also_after_half_a_request(site: Site) -> None:
    await site.start(door=DoorLimits(request_s=0.3))
    slow = await SilentSocket(GREEDY).open(site.port)
    slow.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
    await until(lambda: slow.is_over)
    assert slow.heard == b""
    await slow.close()


async def test_an_address_that_comes_too_often_is_not_attended_to(site: Site) -> None:
    await site.start(door=DoorLimits(sockets_per_address=Rate(AT_ONCE_THEN_NEVER, 5)))
    sockets = [await SilentSocket(GREEDY).open(site.port) for _ in range(8)]
    await until(lambda: [one.is_over for one in sockets] == [False] * 5 + [True] * 3)
    assert await is_served(site, NEWCOMER)
    for one in sockets:
        await one.close()


def asked(site: Site) -> int:
    return sum(isinstance(message, Redeem) for message in site.broker.received)


async def test_an_address_that_guesses_tickets_is_not_passed_on(site: Site) -> None:
    await site.start(door=DoorLimits(redeems_per_address=Rate(AT_ONCE_THEN_NEVER, 3)))
    with capture_logs() as lines:
        heard = [await hear_all(site.port, WRONG_TICKET + CLOSE, local_address=GREEDY) for _ in range(6)]
        assert [b"busy" in words for words in heard] == [False] * 3 + [True] * 3
        assert asked(site) == 3
        assert b"ticket_refused" in await hear_all(site.port, WRONG_TICKET + CLOSE, local_address=HONEST)
        await site.stop_gateway()
    refused = [line for line in lines if line["event"] == "ticket.refused"]
    assert sum(line["count"] for line in refused) == 4
    assert sum(line["count"] for line in lines if line.get("word") == "busy") == 3


async def test_the_broker_is_asked_no_more_than_it_takes(site: Site) -> None:
    await site.start(door=DoorLimits(redeems=Rate(AT_ONCE_THEN_NEVER, 2)))
    addresses = (GREEDY, HONEST, NEWCOMER)
    heard = [await hear_all(site.port, WRONG_TICKET + CLOSE, local_address=address) for address in addresses]
    assert [b"busy" in words for words in heard] == [False, False, True]
    assert asked(site) == 2


async def test_good_tickets_are_not_charged_to_the_address(site: Site) -> None:
    await site.start(door=DoorLimits(redeems_per_address=Rate(AT_ONCE_THEN_NEVER, 1)))
    for _ in range(3):
        async with site.session() as browser:
            assert not browser.is_closed


async def test_strangers_hear_that_it_runs_and_no_number(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sessions.is_loopback", lambda _address: False)
    await site.start()
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{site.port}/healthz") as health:
        assert await health.json() == {"ok": True}


def test_one_address_does_not_empty_the_bucket_of_all() -> None:
    allowance = Allowance(each=Rate(1.0, 2), total=Rate(1.0, 4), now_s=0.0)
    assert [allowance.take("192.0.2.1", 0.0) for _ in range(9)] == [True] * 2 + [False] * 7
    assert [allowance.take("192.0.2.2", 0.0) for _ in range(3)] == [True] * 2 + [False]
    assert not allowance.take("192.0.2.3", 0.0), "the total is spent"
    assert [allowance.take("192.0.2.1", 1.0), allowance.take("192.0.2.1", 1.0)] == [True, False]


def test_addresses_whose_bucket_is_full_again_are_forgotten() -> None:
    allowance = Allowance(each=Rate(1.0, 2), total=Rate(1_000_000.0, 1_000_000), now_s=0.0)
    for number in range(5000):
        assert allowance.take(f"10.0.{number // 250}.{number % 250}", number / 100)
    assert len(allowance._by_share) <= 1024


@pytest.mark.parametrize(
    "address, share",
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_who_shares_a_limit(address: str, share: str) -> None:
    assert find_share(address) == share


@pytest.mark.parametrize(
    "address, is_home",
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("192.0.2.7", False),
     ("::ffff:192.0.2.7", False), ("2001:db8::1", False), ("", False), (None, False), ("localhost", False)],
)  # fmt: skip
def test_who_is_at_home(address: str | None, is_home: bool) -> None:
    assert is_loopback(address) is is_home


def test_strangers_get_one_line_a_second_for_each_kind() -> None:
    tally = Tally()
    with capture_logs() as lines:
        for _ in range(1000):
            tally.note("ticket.refused", "unknown", "192.0.2.7")
        tally.note("ticket.refused", "unknown", "192.0.2.8")
        tally.note("ticket.refused", "expired", "192.0.2.8")
        tally.write()
        tally.write()
    assert [(line["word"], line["count"], line["addresses"], line["address"]) for line in lines] == [
        ("unknown", 1001, 2, "192.0.2.7"),
        ("expired", 1, 1, "192.0.2.8"),
    ]
