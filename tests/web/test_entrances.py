"""People come through an entrance's proxy: what its certificate says counts, and nothing that a client says."""

import asyncio
import base64
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import pytest

from broker.model.kinds import DeviceKind, Origin, Segment
from broker.model.place import Place
from broker.model.service_name import ServiceKind
from broker.settings import SiteSettings
from broker.wire.service_tls import TlsFiles, client_context
from sekisho.door.limits import DoorLimits
from sekisho.listeners import serve_entrances
from tests.fakes.services import ServicePki
from tests.web.conftest import free_port
from tests.web.fakes import FakeCity
from web.app import create_app
from web.entrances import ProxyEntrances

CLIENT: Final = "10.1.0.7"
DEVICE: Final = "Sekisho-Device-Certificate"
REFUSED: Final = (aiohttp.ClientError, OSError)
ENTRANCES: Final = [
    {
        "id": "office",
        "origin": "office",
        "segment": "wired",
        "device": "managed",
        "sources": [{"ranges": ["10.1.0.0/16"]}],
        "public_url": "https://localhost",
        "tunnel_url": "wss://localhost/tunnel",
    },
    {
        "id": "internet",
        "origin": "internet",
        "public_url": "https://127.0.0.1",
        "tunnel_url": "wss://127.0.0.1:444/tunnel",
        "certificate_required": True,
    },
]


class Site:
    """A broker's listener for entrances, and proxies that speak on it."""

    def __init__(self, folder: Path, city: FakeCity) -> None:
        self.city = city
        self.pki = ServicePki(folder / "pki")
        own = self.pki.issue(ServiceKind.BROKER, "b1")
        self.port = free_port()
        listener = {
            "host": "127.0.0.1",
            "port": self.port,
            "certificate": str(own.certificate),
            "key": str(own.key),
            "client_ca": str(own.authority),
        }
        document = {"data_dir": str(folder), "entrances": ENTRANCES, "entrance_listener": listener}
        self.settings = msgspec.convert(document, SiteSettings)
        self.refused: list[tuple[str, str, str]] = []

    async def note(self, entrance: str, why: str, address: str) -> None:
        self.refused.append((entrance, why, address))

    def proxy(self, entrance: str = "office", kind: ServiceKind = ServiceKind.ENTRANCE) -> ssl.SSLContext:
        return client_context(self.pki.issue(kind, entrance))

    async def ask(
        self,
        path: str = "/login",
        headers: Mapping[str, str] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "localhost",
        form: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
    ) -> tuple[int, str, Any]:
        """One request of a proxy, a POST when there is a form: status, body, headers."""
        sent = {"Sekisho-Client-Address": CLIENT, "Host": host} | dict(headers or {})
        async with (
            aiohttp.ClientSession(cookies=cookies) as session,
            session.request(
                "GET" if form is None else "POST",
                f"https://127.0.0.1:{self.port}{path}",
                headers={name: value for name, value in sent.items() if value},
                ssl=tls or self.proxy(),
                allow_redirects=False,
                data=form,
            ) as response,
        ):
            return response.status, await response.text(), response.headers.copy()

    async def sign_in(self, tls: ssl.SSLContext, headers: Mapping[str, str], host: str = "localhost") -> int:
        """The password step, with the form's own cookie and token."""
        _, page, got = await self.ask("/login", headers, tls=tls, host=host)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        cookie = re.search(r"(__Host-sekisho_form)=([^;]+)", str(got))
        assert token
        assert cookie
        form = {"csrf_token": token[1], "login": "s-tanaka", "password": "x"}
        status, _, _ = await self.ask("/login", headers, tls=tls, host=host, cookies={cookie[1]: cookie[2]}, form=form)
        return status


@pytest.fixture
async def site(tmp_path: Path, city: FakeCity) -> AsyncIterator[Site]:
    built = Site(tmp_path, city)
    application = create_app(city.services(), ProxyEntrances(built.settings.entrances, built.note))
    async with serve_entrances(application, built.settings, DoorLimits()):
        yield built


async def test_the_sign_in_knows_entrance_address_place_and_device(site: Site) -> None:
    shown = base64.b64encode(b"a certificate").decode()
    status = await site.sign_in(site.proxy(), {"Origin": "https://localhost", DEVICE: shown})
    assert status == 303
    arrival = site.city.signin.attempts[-1].arrival
    assert (arrival.entrance, arrival.address, arrival.certificate_der) == ("office", CLIENT, b"a certificate")
    assert arrival.place == Place(origin=Origin.OFFICE, segment=Segment.WIRED, device=DeviceKind.MANAGED)


async def test_the_certificate_names_the_entrance_whatever_headers_say(site: Site) -> None:
    """What would name another entrance, another address or another scheme in other products counts nowhere."""
    shown = base64.b64encode(b"x").decode()
    headers = {
        "Origin": "https://127.0.0.1",
        DEVICE: shown,
        "Sekisho-Client-Address": "203.0.113.9",
        "Sekisho-Entrance": "office",
        "X-Forwarded-For": "10.1.0.1",
        "Forwarded": "for=10.1.0.1",
        "X-Real-IP": "10.1.0.1",
    }
    status = await site.sign_in(site.proxy("internet"), headers, "127.0.0.1")
    assert status == 303
    arrival = site.city.signin.attempts[-1].arrival
    assert (arrival.entrance, arrival.address, arrival.place.origin) == ("internet", "203.0.113.9", Origin.INTERNET)


async def test_forms_are_taken_from_the_entrance_s_own_pages_alone(site: Site) -> None:
    for origin in ("https://127.0.0.1", "http://localhost", "https://localhost:444", "https://evil.example", "null"):
        assert await site.sign_in(site.proxy(), {"Origin": origin}) == 403
    assert site.city.signin.attempts == []


async def test_the_page_s_host_is_the_entrance_s_and_no_other(site: Site) -> None:
    assert (await site.ask(host="localhost"))[0] == 200
    for host in ("127.0.0.1", "evil.example"):
        assert (await site.ask(host=host))[0] == 421


async def test_headers_and_cookies_follow_the_entrance(site: Site) -> None:
    _, _, headers = await site.ask("/sessions/none")
    assert "connect-src 'self' wss://localhost;" in headers["Content-Security-Policy"]
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    shown = base64.b64encode(b"x").decode()
    _, _, headers = await site.ask("/sessions/none", {DEVICE: shown}, tls=site.proxy("internet"), host="127.0.0.1")
    assert "connect-src 'self' wss://127.0.0.1:444;" in headers["Content-Security-Policy"]
    _, _, headers = await site.ask("/language/en")
    assert "Secure" in headers["Set-Cookie"]


@pytest.mark.parametrize(
    "header, value",
    [
        ("Sekisho-Client-Address", ""),
        ("Sekisho-Client-Address", "unknown"),
        ("Sekisho-Client-Address", "10.1.0.7, 10.1.0.8"),
        ("Sekisho-Client-Address", "10.1.0.7:443"),
        (DEVICE, "no base64!"),
        (DEVICE, "A" * 8000 + "=A"),
    ],
)
async def test_garbage_from_a_proxy_is_refused_and_audited(site: Site, header: str, value: str) -> None:
    status, page, _ = await site.ask("/login", {header: value})
    assert status == 403
    assert "origin_unknown" in page
    assert site.refused == [("office", "headers_malformed", "127.0.0.1")]


@pytest.mark.parametrize("header", ["Sekisho-Client-Address: 10.1.0.7", "Sekisho-Device-Certificate: AAAA"])
async def test_two_headers_are_one_too_many(site: Site, header: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, ssl=site.proxy())
    head = f"GET /login HTTP/1.1\r\nHost: localhost\r\nSekisho-Client-Address: {CLIENT}\r\n"
    writer.write(f"{head}Sekisho-Device-Certificate: AAAA\r\n{header}\r\n\r\n".encode())
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 403")
    writer.close()
    assert site.refused == [("office", "headers_malformed", "127.0.0.1")]


async def test_an_address_of_no_range_and_a_device_without_a_certificate_are_refused(site: Site) -> None:
    assert (await site.ask("/login", {"Sekisho-Client-Address": "10.9.0.1"}))[0] == 403
    assert (await site.ask(tls=site.proxy("internet"), host="127.0.0.1"))[0] == 403
    assert site.refused == [
        ("office", "address_in_no_range", "10.9.0.1"),
        ("internet", "device_certificate_missing", CLIENT),
    ]


async def test_services_that_are_no_known_entrance_are_refused(site: Site) -> None:
    others = [site.proxy("office", kind) for kind in (ServiceKind.AGENT, ServiceKind.GATEWAY)]
    for tls in (site.proxy("branch"), *others):
        status, _, headers = await site.ask(tls=tls)
        assert status == 403
        assert headers.get("Connection") == "close"
    assert [(name, why) for name, why, _ in site.refused] == [
        ("branch", "unknown_entrance"),
        ("", "unknown_entrance"),
        ("", "unknown_entrance"),
    ]


async def test_whoever_has_no_good_certificate_is_not_talked_to(site: Site, tmp_path: Path) -> None:
    ended = site.pki.issue(ServiceKind.ENTRANCE, "office", is_expired=True)
    foreign = ServicePki(tmp_path / "foreign").issue(ServiceKind.ENTRANCE, "office")
    strange = TlsFiles(certificate=foreign.certificate, key=foreign.key, authority=site.pki.authority)
    bare = ssl.create_default_context(cafile=str(site.pki.authority))
    for tls in (client_context(ended), client_context(strange), bare):
        with pytest.raises(REFUSED):
            await site.ask(tls=tls)
    with pytest.raises(REFUSED):
        async with aiohttp.ClientSession() as session:
            await session.get(f"http://127.0.0.1:{site.port}/login")
    assert site.refused == []
