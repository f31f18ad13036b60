"""Fixtures: the portal over fakes, as a plain client and in a real browser."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import Browser, async_playwright

from broker.network_settings import PortalSettings
from tests.web.browsing import Visitor
from tests.web.fake_tunnel import FakeTunnel, serving_tunnel
from tests.web.fakes import FakeCity
from web.app import create_app
from web.arrival import PortalEntrance

CHROMIUM = Path("/usr/bin/chromium")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def city() -> FakeCity:
    return FakeCity()


@pytest.fixture
async def visitor(city: FakeCity) -> AsyncIterator[Visitor]:
    """Somebody at the portal who is not signed in."""
    port = free_port()
    settings = PortalSettings(
        port=port, public_url=f"http://localhost:{port}", tunnel_url=f"ws://localhost:{port + 1}/tunnel"
    )
    server = TestServer(create_app(city.services(), PortalEntrance(settings)), host="127.0.0.1", port=port)
    async with TestClient(server) as client:
        yield Visitor(client, settings.public_url)


@pytest.fixture
async def tunnel() -> AsyncIterator[FakeTunnel]:
    async with serving_tunnel() as serving:
        yield serving


@pytest.fixture
async def portal_url(city: FakeCity, tunnel: FakeTunnel) -> AsyncIterator[str]:
    """The portal on a free port, for a browser."""
    port = free_port()
    url = f"http://localhost:{port}"
    settings = PortalSettings(port=port, public_url=url, tunnel_url=tunnel.url)
    runner = web.AppRunner(create_app(city.services(), PortalEntrance(settings)), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port).start()
    yield url
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        await browser.close()
