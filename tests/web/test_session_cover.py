"""The picture is covered while the window is not in use, where the tenant wants it; nothing goes through meanwhile."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.web.fake_tunnel import FakeTunnel, encode
from tests.web.fakes import FakeCity
from tests.web.in_browser import signed_in_page, wait_state
from tests.web.people import POOLS, STAFF, make_session

pytestmark = pytest.mark.browser
PATH = "/sessions/s-lgwan-std-p1001"


@pytest.fixture(autouse=True)
def _has_a_session(city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}


async def open_page(page: Page, portal_url: str) -> None:
    await page.goto(portal_url + PATH)
    await wait_state(page, "drawn")
    # Playwright pretends that every page has the focus; these are about the one that really has it.
    tools = await page.context.new_cdp_session(page)
    await tools.send("Emulation.setFocusEmulationEnabled", {"enabled": False})


async def test_a_window_that_is_not_in_use_shows_nothing_and_takes_nothing(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        tunnel.frame = encode("", "grants", 65_536, "cover") + tunnel.frame
        await open_page(page, portal_url)
        await page.bring_to_front()
        await expect(page.locator("#cover")).to_be_hidden()
        await page.locator("#screen").click()
        await tunnel.wait_for("mouse")
        box = await page.locator("#screen").bounding_box()
        assert box is not None

        other = await page.context.new_page()
        await other.bring_to_front()
        await expect(page.locator("#cover")).to_be_visible()
        covering = await page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('#cover') !== null",
            [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
        )
        assert covering, "the pointer meets the cover, not the picture"
        for kind in ("keydown", "keypress", "keyup"):
            await page.locator("#screen").dispatch_event(kind, {"key": "a", "code": "KeyA", "keyCode": 65})
        await expect(page.locator("#cover")).to_contain_text("画面を隠しています")

        await other.close()
        await page.bring_to_front()
        await expect(page.locator("#cover")).to_be_hidden()
        await page.keyboard.press("b")
        typed = await tunnel.wait_for_keys(2)
        pressed = [keysym for keysym, is_pressed in typed if is_pressed]
        assert pressed == [98], "what was typed behind the cover never went"


async def test_where_it_is_not_wanted_the_picture_stays(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        tunnel.frame = encode("", "grants", 65_536) + tunnel.frame
        await open_page(page, portal_url)
        other = await page.context.new_page()
        await other.bring_to_front()
        await page.wait_for_function("!document.hasFocus()")
        await expect(page.locator("#cover")).to_be_hidden()
