"""People at an entrance: what reaches them, and what reaches the services behind it."""

import asyncio
import base64
import ssl
from typing import Final

import aiohttp
import pytest

from broker.model.service_name import ServiceKind
from sekisho.smoke.browser import Page
from sekisho.smoke.steps import SmokeFailed
from sekisho.smoke.story import Walk, attach, open_pool
from sekisho.smoke.tunnel import open_tunnel
from tests.entrance.conftest import Recorded
from tests.entrance.person import browsing, signed_in, trust
from tests.entrance.site import CLIENT, HOSTS, OFFICE, POOL, SIM, STRANGER, Site
from tests.fakes.services import ServicePki

pytestmark = pytest.mark.real

FRAME_S: Final = 30.0
LIES: Final = {
    "Sekisho-Client-Address": "10.99.99.99",
    "Sekisho-Device-Certificate": base64.b64encode(b"a lie").decode(),
    "Sekisho-Entrance": SIM,
    "sekisho-anything": "x",
    "X-Forwarded-For": "10.99.99.99",
    "X-Forwarded-Proto": "http",
    "X-Real-IP": "10.99.99.99",
    "Forwarded": "for=10.99.99.99",
}


async def test_sign_in_and_the_picture_come_and_the_session_s_cookie_stays_at_the_portal(
    site: Site, recorded: Recorded
) -> None:
    async with signed_in(site) as walk:
        session_cookie = walk.browser.cookies["__Host-sekisho_session"]
        tunnel_cookie = walk.browser.cookies["__Host-sekisho_tunnel"]
        page, session_id, _ = await open_pool(walk, POOL)
        async with await attach(walk, page, session_id) as tunnel:
            await tunnel.wait_drawn(0, FRAME_S)
        assert session_cookie in walk.browser.cookie_header
    [head] = recorded.gateway.heads("/tunnel")
    cookies = [line for line in head.split("\r\n") if line.lower().startswith("cookie:")]
    assert [line.partition(": ")[2] for line in cookies] == [f"__Host-sekisho_tunnel={tunnel_cookie}"]
    assert session_cookie.encode() not in bytes(recorded.gateway.received)
    assert session_cookie.encode() in bytes(recorded.broker.received)
    assert f"sekisho-client-address: {CLIENT}" in head.lower()
    tunnels = await site.audit("session.")
    own = [record for record in tunnels if record["subject"] == f"session:{session_id}"]
    assert {record["address"] for record in own if record["address"]} == {CLIENT}


async def test_no_cookie_but_the_tunnel_s_goes_to_a_gateway_not_even_when_that_one_is_missing(
    site: Site, recorded: Recorded
) -> None:
    cookies = "__Host-sekisho_session=secret-of-a-session; theme=dark"
    headers = {"Origin": site.url(), "Cookie": cookies, "Authorization": "Bearer secret-of-a-session"}
    async with (
        browsing(site) as walk,
        walk.client.ws_connect(walk.tunnel_url, protocols=("guacamole",), headers=headers) as tunnel,
    ):
        while not tunnel.closed:
            await tunnel.receive(FRAME_S)
    [head] = recorded.gateway.heads("/tunnel")
    assert "cookie:" not in head.lower()
    assert "secret-of-a-session" not in head


async def test_what_a_client_says_in_the_proxy_s_names_gains_nothing(site: Site, recorded: Recorded) -> None:
    async with signed_in(site, login="itdesk", headers=LIES) as walk:
        assert (await walk.browser.get("/")).status == 200
    received = bytes(recorded.broker.received).decode("latin-1").lower()
    assert "10.99.99.99" not in received
    assert "sekisho-entrance" not in received
    assert "sekisho-anything" not in received
    assert LIES["Sekisho-Device-Certificate"].lower() not in received
    assert f"sekisho-client-address: {CLIENT}" in received
    signed = [record for record in await site.audit("signin.") if record["address"]]
    assert {record["address"] for record in signed} == {CLIENT}
    assert not [record for record in signed if record["detail"].get("origin") not in {None, "office"}]


async def test_an_address_that_no_range_names_is_refused_and_audited(site: Site) -> None:
    async with browsing(site, address=STRANGER) as walk:
        assert (await walk.browser.get("/login")).status == 403
    assert ("address_in_no_range", STRANGER) in {
        (record["detail"]["cause"], record["address"]) for record in await site.audit("entrance.refused")
    }


async def test_a_ticket_of_the_office_opens_nothing_at_another_entrance(site: Site) -> None:
    """With every cookie, and an origin header that a program of one's own can send."""
    device, _ = device_context(site, "made-at-home")
    async with signed_in(site, login="kamiya") as walk:
        page, session_id, _ = await open_pool(walk, POOL)
        ticket = await wait_for_ticket(walk, page, session_id)
        async with browsing(site, entrance=SIM, tls=device) as other:
            tunnel = await open_tunnel(
                other.client,
                other.tunnel_url,
                origin=site.url(SIM),
                cookie_header=walk.browser.cookie_header,
                ticket=ticket,
            )
            async with tunnel:
                with pytest.raises(SmokeFailed, match="ticket_refused"):
                    await tunnel.wait_drawn(0, FRAME_S)
        await walk.browser.call(page, "POST", f"/api/v1/sessions/{session_id}/logoff")
    refused = await site.audit("ticket.refused")
    assert [record["outcome"] for record in refused] == ["wrong_entrance"]


async def wait_for_ticket(walk: Walk, page: Page, session_id: str) -> str:
    async with asyncio.timeout(FRAME_S):
        while True:
            answer = await walk.browser.call(page, "POST", f"/api/v1/sessions/{session_id}/ticket")
            if answer["status"] == "issued":
                return str(answer["ticket"])
            await asyncio.sleep(0.1)


def device_context(site: Site, name: str) -> tuple[ssl.SSLContext, str]:
    """A device with a certificate that no authority of the site has made; and that certificate, in base64."""
    shown = ServicePki(site.folder / name).issue(ServiceKind.AGENT, name)
    context = trust(site)
    context.load_cert_chain(shown.certificate, shown.key)
    return context, base64.b64encode(ssl.PEM_cert_to_DER_cert(shown.certificate.read_text())).decode()


async def test_where_devices_need_a_certificate_the_broker_judges_it_and_none_at_all_ends_at_the_proxy(
    site: Site,
) -> None:
    context, _ = device_context(site, "self-made")
    async with browsing(site, entrance=SIM, tls=context) as walk:
        assert (await walk.browser.get("/login")).status == 200
    with pytest.raises((aiohttp.ClientError, OSError)):
        async with browsing(site, entrance=SIM) as walk:
            await walk.browser.get("/login")


async def test_a_device_s_certificate_reaches_the_broker_as_it_was_shown(site: Site, recorded: Recorded) -> None:
    context, shown = device_context(site, "pc-17")
    async with browsing(site, tls=context) as walk:
        assert (await walk.browser.get("/login")).status == 200
        assert (await walk.browser.get("/help")).status == 200
    line = f"sekisho-device-certificate: {shown}".lower()
    assert bytes(recorded.broker.received).decode("latin-1").lower().count(line) == 2


async def test_without_tls_people_are_sent_on_and_told_to_stay_there(site: Site) -> None:
    plain = f"http://{HOSTS[OFFICE]}:{site.ports.plain[OFFICE]}/login?ended=1"
    async with browsing(site) as walk:
        async with walk.client.get(plain, allow_redirects=False, headers={"Host": HOSTS[OFFICE]}) as answer:
            assert answer.status == 301
            assert answer.headers["Location"] == f"{site.url()}/login?ended=1"
        async with walk.client.get(f"{site.url()}/login") as answer:
            assert answer.headers.getall("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains"]
            assert "Server" not in answer.headers
        async with walk.client.get(f"{site.url()}/login", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421
        async with walk.client.post(f"{site.url()}/login", data=b"x" * 70_000) as answer:
            assert answer.status == 413
