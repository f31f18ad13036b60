"""The desk watches a sync without reloading, works the page by keyboard alone, and loses nothing that was typed."""

import msgspec
import pytest
from playwright.async_api import Browser, expect

from broker.model.directory import SyncKind, SyncPhase
from tests.web.fakes import FakeCity
from tests.web.in_browser import signed_in_page
from tests.web.people import DESK

pytestmark = pytest.mark.browser


async def test_the_progress_of_a_sync_is_followed_to_its_end(browser: Browser, city: FakeCity, portal_url: str) -> None:
    idle = city.directory.state
    city.directory.state = msgspec.structs.replace(idle, phase=SyncPhase.READING, read_people=500)
    async with signed_in_page(browser, portal_url, DESK.login) as page:
        await page.goto(f"{portal_url}/console/directory")
        await expect(page.locator("#sync [role=status]")).to_contain_text("職員 500 人")
        city.directory.state = msgspec.structs.replace(city.directory.state, read_people=900)
        await expect(page.locator("#sync [role=status]")).to_contain_text("職員 900 人")
        city.directory.state = msgspec.structs.replace(idle, added=7)
        await expect(page.locator("#sync")).to_contain_text("追加 7 件")
        await expect(page.locator("[data-follow]")).to_have_count(0)


async def test_a_sync_is_begun_and_people_are_found_by_keyboard_alone(
    browser: Browser, city: FakeCity, portal_url: str
) -> None:
    async with signed_in_page(browser, portal_url, DESK.login) as page:
        await page.goto(f"{portal_url}/console/directory")
        await page.get_by_role("button", name="全件を今すぐ同期").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("まもなく同期を始めます。")).to_be_visible()
        assert city.directory.asked == [(SyncKind.FULL, "directory")]
        await page.get_by_label("氏名・所属・職員IDで探す").focus()
        await page.keyboard.type("神谷")
        await page.keyboard.press("Enter")
        await expect(page.locator("#people tbody tr")).to_have_count(1)
