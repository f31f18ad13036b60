"""A real Chromium at an entrance: pages, forms, policy and tunnel fit together under the entrance's own address."""

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.entrance.conftest import Recorded
from tests.entrance.person import signed_in
from tests.entrance.site import POOL, Site
from tests.web.conftest import CHROMIUM

pytestmark = [pytest.mark.real, pytest.mark.browser]


async def test_chromium_opens_a_desktop_through_the_entrance(site: Site, recorded: Recorded) -> None:
    """The cookies come from a sign-in; the city's own authority is unknown to Chromium."""
    async with signed_in(site) as walk, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        context = await browser.new_context(ignore_https_errors=True)
        for name, value in walk.browser.cookies.items():
            await context.add_cookies(
                [{"name": name, "value": value, "url": site.url(), "secure": True, "httpOnly": True}]
            )
        page = await context.new_page()
        violations: list[str] = []
        page.on("console", lambda message: violations.append(message.text) if message.type == "error" else None)
        await page.goto(site.url())
        await page.locator(f"form[action='/pools/{POOL}/open'] button").click()
        await expect(page.locator("html[data-session-state=drawn]")).to_be_attached(timeout=45_000)
        assert violations == []
        await leave(page)
        await browser.close()
    assert recorded.gateway.heads("/tunnel")


async def leave(page: Page) -> None:
    session_id = page.url.rpartition("/")[2]
    await page.goto(f"{page.url}/logoff")
    await page.locator(f"form[action='/sessions/{session_id}/logoff'] button").click()
