"""A member of staff in a real browser, over fakes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, expect

from tests.web.fake_signin import CODE, PASSWORD


@asynccontextmanager
async def signed_in_page(
    browser: Browser, url: str, login: str, *, width: int = 1280, height: int = 800
) -> AsyncIterator[Page]:
    """A window of somebody who has passed both steps. Faults of scripts and of the content policy fail the test."""
    context = await browser.new_context(locale="ja-JP", viewport={"width": width, "height": height})
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    await sign_in(page, url, login)
    yield page
    await context.close()
    assert faults == []


async def sign_in(page: Page, url: str, login: str) -> None:
    """Both steps, by the forms."""
    await page.goto(f"{url}/login")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.locator("main form button").click()
    await page.fill("#code", CODE)
    await page.locator("main form:has(#code) button").click()
    await expect(page).to_have_url(f"{url}/")


async def wait_state(page: Page, state: str, *, deadline_ms: int = 30_000) -> None:
    """Until the session page is in this state."""
    await expect(page.locator("html")).to_have_attribute("data-session-state", state, timeout=deadline_ms)
