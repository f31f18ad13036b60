"""A member of staff in a real browser, over fakes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, expect

from tests.web.fakes import FakeCity
from web.cookies import Cookie


@asynccontextmanager
async def signed_in_page(
    browser: Browser, city: FakeCity, url: str, login: str, *, width: int = 1280, height: int = 800
) -> AsyncIterator[Page]:
    """A window of somebody who has passed both steps. Faults of scripts and of the content policy fail the test."""
    entered = city.signin.enter(city.signin.users[login])
    context = await browser.new_context(locale="ja-JP", viewport={"width": width, "height": height})
    for cookie, value in ((Cookie.SESSION, entered.token), (Cookie.TUNNEL, entered.tunnel)):
        await context.add_cookies(
            [{"name": cookie, "value": value.reveal(), "url": url, "secure": True, "httpOnly": True}]
        )
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    await context.close()
    assert faults == []


async def wait_state(page: Page, state: str, *, deadline_ms: int = 10_000) -> None:
    """Until the session page is in this state."""
    await expect(page.locator("html")).to_have_attribute("data-session-state", state, timeout=deadline_ms)
