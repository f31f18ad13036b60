"""The gateway behind its entrance's proxy: who is served, and whose address counts."""

import asyncio
import ssl
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from broker.model.service_name import ServiceKind
from broker.wire.service_tls import TlsFiles, client_context
from gateway.allowance import Rate
from gateway.doorway import DoorwayTls
from gateway.settings import DoorLimits
from tests.fakes.browser import HEADERS, ObedientBrowser
from tests.fakes.services import ServicePki
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site

CLIENT: Final = "198.51.100.7"
REFUSED: Final = (aiohttp.ClientError, OSError)


def named(address: str = CLIENT) -> dict[str, str]:
    return HEADERS | {"Sekisho-Client-Address": address}


class Behind:
    """A gateway of the entrance ``closed_sim``, and the site's authority."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.pki = ServicePki(folder / "pki")
        own = self.pki.issue(ServiceKind.GATEWAY, "gateway-1")
        tls = DoorwayTls(certificate=own.certificate, key=own.key, client_ca=own.authority)
        site.changes = {"entrance": "closed_sim", "tls": tls}

    def proxy(self, entrance: str = "closed_sim") -> ssl.SSLContext:
        return client_context(self.pki.issue(ServiceKind.ENTRANCE, entrance))

    def browser(self, headers: dict[str, str], tls: ssl.SSLContext) -> ObedientBrowser:
        return ObedientBrowser(self.site.port, headers, tls)


@pytest.fixture
def behind(site: Site, tmp_path: Path) -> Behind:
    return Behind(site, tmp_path)


async def test_the_picture_comes_and_the_broker_hears_the_client_s_address(behind: Behind) -> None:
    await behind.site.start()
    behind.site.issue()
    async with behind.browser(named(), behind.proxy()) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: b"sync" in browser.opcodes())
    assert [redeem.address for redeem in behind.site.broker.redeemed] == [CLIENT]


@pytest.mark.parametrize("address", ["", "localhost", "198.51.100.7, 10.0.0.1", "198.51.100.7:443", "fe80::1%eth0"])
async def test_a_proxy_that_names_nobody_is_refused(behind: Behind, address: str) -> None:
    await behind.site.start()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with behind.browser(named(address), behind.proxy()):
            pass
    assert refusal.value.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with behind.browser(HEADERS, behind.proxy()):
            pass


async def test_a_second_address_is_no_address(behind: Behind) -> None:
    await behind.site.start()
    reader, writer = await open_tls(behind, behind.proxy())
    writer.write(
        b"GET /tunnel HTTP/1.1\r\nHost: x\r\nOrigin: http://localhost:8400\r\n"
        b"Sekisho-Client-Address: 198.51.100.7\r\nSekisho-Client-Address: 10.0.0.1\r\n\r\n"
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 403")
    writer.close()


async def open_tls(behind: Behind, tls: ssl.SSLContext) -> "tuple[asyncio.StreamReader, asyncio.StreamWriter]":
    return await asyncio.open_connection("127.0.0.1", behind.site.port, ssl=tls)


async def test_the_proxy_of_another_entrance_and_other_services_are_refused(behind: Behind) -> None:
    await behind.site.start()
    agent = client_context(behind.pki.issue(ServiceKind.AGENT, "closed_sim"))
    for tls in (behind.proxy("internet"), agent):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            async with behind.browser(named(), tls):
                pass
        assert refusal.value.status == 403
    assert behind.site.broker.redeemed == []


async def test_whoever_has_no_good_certificate_is_not_talked_to(behind: Behind, tmp_path: Path) -> None:
    await behind.site.start()
    ended = behind.pki.issue(ServiceKind.ENTRANCE, "closed_sim", is_expired=True)
    foreign = ServicePki(tmp_path / "foreign").issue(ServiceKind.ENTRANCE, "closed_sim")
    strange = TlsFiles(certificate=foreign.certificate, key=foreign.key, authority=behind.pki.authority)
    bare = ssl.create_default_context(cafile=str(behind.pki.authority))
    for tls in (client_context(ended), client_context(strange), bare):
        with pytest.raises(REFUSED):
            async with behind.browser(named(), tls):
                pass
    with pytest.raises(REFUSED):
        async with ObedientBrowser(behind.site.port, named()):
            pass
    assert behind.site.broker.redeemed == []


async def test_on_a_plain_listener_nobody_names_a_client(site: Site) -> None:
    await site.start()
    site.issue()
    async with ObedientBrowser(site.port, named()) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: b"sync" in browser.opcodes())
    assert [redeem.address for redeem in site.broker.redeemed] == ["127.0.0.1"]


async def browser_sees_a_frame(browser: ObedientBrowser) -> None:
    await until(lambda: b"sync" in browser.opcodes())


async def is_turned_away(behind: Behind, address: str, proxy: ssl.SSLContext) -> bool:
    try:
        async with behind.browser(named(address), proxy):
            return False
    except aiohttp.WSServerHandshakeError as refusal:
        return refusal.status == 503


async def serve_others(behind: Behind, proxy: ssl.SSLContext) -> None:
    """Further clients, through the same proxy, get their pictures."""
    for last in range(2, 8):
        ticket = f"{TICKET}-{last}"
        behind.site.issue(ticket, attachment_id=f"attachment-{last}")
        async with behind.browser(named(f"203.0.113.{last}"), proxy) as browser:
            await browser.show_ticket(ticket)
            await browser_sees_a_frame(browser)


async def test_the_door_counts_clients_not_their_proxy(behind: Behind) -> None:
    """One client waits with too many sockets."""
    await behind.site.start(DoorLimits(max_waiting_per_address=2, max_silent_per_address=1))
    proxy = behind.proxy()
    async with behind.browser(named("203.0.113.1"), proxy), behind.browser(named("203.0.113.1"), proxy):
        assert await is_turned_away(behind, "203.0.113.1", proxy)
        await serve_others(behind, proxy)


async def test_a_client_that_comes_too_often_is_turned_away_and_its_proxy_is_not(behind: Behind) -> None:
    await behind.site.start(DoorLimits(sockets_per_address=Rate(per_s=0.001, at_once=3)))
    proxy = behind.proxy()
    assert [await is_turned_away(behind, "203.0.113.1", proxy) for _ in range(5)] == [False] * 3 + [True] * 2
    await serve_others(behind, proxy)
