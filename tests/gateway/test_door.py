"""Before the ticket is redeemed: a missing fact denies."""

from pathlib import Path

import aiohttp
import pytest

from broker.secret import Secret
from broker.wire.messages import EventKind
from gateway.door import find_tunnel_cookie, is_origin_allowed, read_ticket
from gateway.protocol import encode_instruction
from gateway.settings import DoorLimits
from tests.fakes.broker import TUNNEL_COOKIE, BookLessBroker, MuteBroker, SlowBroker
from tests.fakes.browser import HEADERS, ORIGIN, ObedientBrowser
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site

TOKEN = "tunnel-token-0123456789"


@pytest.mark.parametrize(
    "origins, is_allowed",
    [
        ([ORIGIN], True),
        ([], False),
        (["null"], False),
        ([ORIGIN, ORIGIN], False),
        ([ORIGIN + "/"], False),
        ([ORIGIN.upper()], False),
        (["http://localhost:8400.evil.example"], False),
        (["https://localhost:8400"], False),
        ([""], False),
    ],
)
def test_only_a_listed_origin_is_allowed(origins: list[str], is_allowed: bool) -> None:
    assert is_origin_allowed(origins, frozenset([ORIGIN])) is is_allowed


@pytest.mark.parametrize(
    "headers, found",
    [
        ([f"__Host-sekisho_tunnel={TOKEN}"], True),
        ([f"a=b; __Host-sekisho_tunnel={TOKEN}; c=d"], True),
        ([], False),
        (["a=b"], False),
        ([f"sekisho_tunnel={TOKEN}"], False),
        ([f"__Host-sekisho_tunnel={TOKEN}; __Host-sekisho_tunnel=other-0123456789abcdef"], False),
        ([f"__Host-sekisho_tunnel={TOKEN}", f"__Host-sekisho_tunnel={TOKEN}"], False),
        (["__Host-sekisho_tunnel="], False),
        (["__Host-sekisho_tunnel=short"], False),
        (['__Host-sekisho_tunnel="' + TOKEN + '"'], False),
        (["__Host-sekisho_tunnel=" + "x" * 5000], False),
    ],
)
def test_the_cookie_is_there_once_and_well_formed(headers: list[str], found: bool) -> None:
    cookie = find_tunnel_cookie(headers)
    assert (cookie == Secret(TOKEN)) is found
    assert (cookie is not None) is found


def test_a_ticket_prints_nothing() -> None:
    presented = read_ticket([b"", b"ticket", TOKEN.encode()])
    assert presented is not None
    assert TOKEN not in repr(presented)
    assert presented.ticket == Secret(TOKEN)


@pytest.mark.parametrize(
    "elements",
    [["ticket", TOKEN], ["", "ticket"], ["", "ticket", "short"], ["", "ticket", TOKEN, "1"], ["", "Ticket", TOKEN],
     ["", "ticket", "税" * 20], ["", "ticket", TOKEN, "1", "2", "3", "4", "5"]],
)  # fmt: skip
def test_a_malformed_ticket_is_none(elements: list[str]) -> None:
    assert read_ticket([element.encode() for element in elements]) is None


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://localhost:8401"])
async def test_a_foreign_origin_gets_403(site: Site, origin: str | None) -> None:
    await site.start()
    headers = {"Cookie": HEADERS["Cookie"]} | ({"Origin": origin} if origin else {})
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with ObedientBrowser(site.port, headers):
            pass
    assert refused.value.status == 403


async def refused_with(site: Site, *messages: bytes, headers: dict[str, str] | None = None) -> str:
    """The word with which the tunnel is shut."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"http://127.0.0.1:{site.port}/tunnel", protocols=("guacamole",), headers=headers or HEADERS
        ) as socket,
    ):
        for message in messages:
            await socket.send_str(message.decode())
        while (frame := await socket.receive(10)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert frame.type is aiohttp.WSMsgType.CLOSE
        status, word = str(frame.extra).split(" ")
        assert int(status) >= 0x0200
        return word


async def test_every_gap_is_refused_by_name_and_nothing_is_dialled(site: Site) -> None:
    await site.start(door=DoorLimits(ticket_s=0.2))
    ticket = encode_instruction("", "ticket", TICKET)
    assert await refused_with(site, ticket, headers={"Origin": ORIGIN}) == "tunnel_cookie_missing"
    assert await refused_with(site) == "ticket_missing"
    assert await refused_with(site, encode_instruction("key", "65", "1")) == "ticket_malformed"
    assert await refused_with(site, b"hello") == "ticket_malformed"
    assert await refused_with(site, b"0.,6.ticket,30." + b"x" * 20 + b";") == "ticket_malformed"
    assert await refused_with(site, ticket) == "ticket_refused"
    site.issue()
    cookie = HEADERS | {"Cookie": "__Host-sekisho_tunnel=of-somebody-else-0123456789"}
    assert await refused_with(site, ticket, headers=cookie) == "ticket_refused"
    assert site.guacd.visits == []
    assert site.broker.books == {}


async def test_a_ticket_opens_once(site: Site) -> None:
    await site.start()
    async with site.session():
        assert await refused_with(site, encode_instruction("", "ticket", TICKET)) == "ticket_refused"


async def test_a_zone_that_is_not_served_is_refused_and_told(site: Site) -> None:
    await site.start()
    site.issue(zone_id="resident")
    assert await refused_with(site, encode_instruction("", "ticket", TICKET)) == "zone_not_served"
    await until(lambda: site.broker.books)
    assert site.guacd.visits == []


async def test_a_group_without_guacd_is_refused(site: Site) -> None:
    await site.start()
    site.issue(guacd_group="elsewhere")
    assert await refused_with(site, encode_instruction("", "ticket", TICKET)) == "zone_not_served"


async def test_without_a_broker_nobody_enters(site: Site) -> None:
    await site.start()
    await site.broker.die()
    site.issue()
    assert await refused_with(site, encode_instruction("", "ticket", TICKET)) == "broker_away"


async def test_a_broker_without_its_books_is_away(site: Site, tmp_path: Path) -> None:
    site.broker = BookLessBroker(tmp_path / "wire.sock")
    await site.start()
    assert await refused_with(site, encode_instruction("", "ticket", TICKET)) == "broker_away"


async def test_a_mute_broker_lets_nobody_in(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.broker_client.REDEEM_TIMEOUT_S", 0.2)
    site.broker = MuteBroker(tmp_path / "wire.sock")
    await site.start()
    assert await refused_with(site, encode_instruction("", "ticket", TICKET)) == "broker_away"


async def test_nothing_is_forwarded_before_the_ticket_is_redeemed(site: Site, tmp_path: Path) -> None:
    site.broker = broker = SlowBroker(tmp_path / "wire.sock")
    await site.start()
    site.issue()
    async with ObedientBrowser(site.port) as browser:
        await browser.show_ticket(TICKET)
        await browser.say(encode_instruction("key", "65", "1"), encode_instruction("size", "900", "700"))
        await browser.say(encode_instruction("", "ping", "7"))
        await until(lambda: [b"", b"ping", b"7"] in browser.instructions)
        assert site.guacd.visits == []
        broker.may_answer.set()
        await until(lambda: b"sync" in browser.opcodes())
        await until(lambda: [b"size", b"900", b"700"] in site.guacd.last.received)
        assert b"key" not in site.guacd.last.opcodes()


async def test_waiting_sockets_are_limited_by_address(site: Site) -> None:
    await site.start(door=DoorLimits(max_waiting_per_address=2))
    async with ObedientBrowser(site.port), ObedientBrowser(site.port):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with ObedientBrowser(site.port):
                pass
        assert refused.value.status == 503
    async with site.session() as browser:
        assert not browser.is_closed


async def test_other_requests_get_nothing(site: Site) -> None:
    await site.start()
    async with aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{site.port}"
        async with session.get(base + "/healthz") as health:
            assert await health.json() == {"ok": True, "broker": True, "sessions": 0, "kept": 0}
        async with session.get(base + "/tunnel", headers=HEADERS) as plain:
            assert plain.status == 400
        async with session.get(base + "/") as root:
            assert root.status == 404
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(base + "/tunnel", headers=HEADERS, protocols=("other",))
        assert refused.value.status == 400


async def test_the_cookie_goes_to_the_broker_and_to_nobody_else(site: Site) -> None:
    await site.start()
    async with site.session() as browser:
        assert site.broker.redeemed[0].tunnel_cookie == TUNNEL_COOKIE
        assert TUNNEL_COOKIE.encode() not in browser.text()
        assert all(TUNNEL_COOKIE.encode() not in element for line in site.guacd.last.received for element in line)


@pytest.mark.parametrize(
    "message", [encode_instruction("select", "rdp"), b"hello", encode_instruction("", "ticket", TOKEN)]
)
async def test_what_has_no_place_before_the_picture_ends_the_session(
    site: Site, tmp_path: Path, message: bytes
) -> None:
    site.broker = broker = SlowBroker(tmp_path / "wire.sock")
    await site.start()
    site.issue()
    async with ObedientBrowser(site.port) as browser:
        await browser.show_ticket(TICKET)
        await browser.say(encode_instruction("", "ping", "7"), message)
        await until(lambda: [b"", b"ping", b"7"] in browser.instructions)
        broker.may_answer.set()
        await until(lambda: browser.is_closed)
    await until(lambda: EventKind.DETACHED in broker.kinds())
    assert broker.kinds() == [EventKind.INPUT_REFUSED, EventKind.DETACHED]
    assert not any(b"connect" in visit.opcodes() for visit in site.guacd.visits)
