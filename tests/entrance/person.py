"""A member of staff before a browser at one address, at one of the entrances."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from sekisho.smoke.browser import Browser
from sekisho.smoke.story import Walk, sign_in
from tests.entrance.site import CLIENT, OFFICE, Site


def trust(site: Site) -> ssl.SSLContext:
    """What a browser of the city trusts."""
    return ssl.create_default_context(cafile=str(site.web.authority))


@asynccontextmanager
async def browsing(
    site: Site,
    *,
    entrance: str = OFFICE,
    address: str = CLIENT,
    tls: ssl.SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
    login: str = "yamada",
) -> AsyncIterator[Walk]:
    """Not signed in. ``headers`` go along with every request, as a client's own tricks."""
    connector = aiohttp.TCPConnector(ssl=tls or trust(site), local_addr=(address, 0))
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, headers=headers) as client:
        url = site.url(entrance)
        yield Walk(
            client=client,
            browser=Browser(client, url),
            tunnel_url=f"{url.replace('https', 'wss')}/tunnel",
            login=login,
            password=f"{login}-secret",
            say=_say_nothing,
        )


@asynccontextmanager
async def signed_in(
    site: Site, *, login: str = "yamada", headers: Mapping[str, str] | None = None
) -> AsyncIterator[Walk]:
    """At the office, with an authenticator app that is enrolled the first time."""
    async with browsing(site, login=login, headers=headers) as walk:
        known = site.folder / f"{login}.totp"
        secret = await sign_in(walk, known.read_text() if known.exists() else None)
        if not known.exists():
            known.write_text(secret)
            await walk.browser.get("/")
        yield walk


def _say_nothing(_: str) -> None:
    """The tests tell by themselves."""
