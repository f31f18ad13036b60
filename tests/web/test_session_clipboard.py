"""Text between device and desktop: offered only where the gateway says that it is granted, never by itself."""

import base64

import pytest
from playwright.async_api import Browser, Page, expect

from tests.web.fake_tunnel import FakeTunnel, encode
from tests.web.fakes import FakeCity
from tests.web.in_browser import signed_in_page, wait_state
from tests.web.people import POOLS, STAFF, make_session

pytestmark = pytest.mark.browser
PATH = "/sessions/s-lgwan-std-p1001"
TEXT = "起案　𠮷田様\n第２回"


@pytest.fixture(autouse=True)
def _has_a_session(city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}


def grants(*names: str, max_bytes: int = 65_536) -> str:
    return encode("", "grants", max_bytes, *names)


def copied(text: str) -> str:
    """As the gateway passes on what was copied on the desktop: cut between bytes, not between characters."""
    data = text.encode()
    pieces = (data[at : at + 5] for at in range(0, len(data), 5))
    blobs = "".join(encode("blob", 1, base64.b64encode(piece).decode()) for piece in pieces)
    return encode("clipboard", 1, "text/plain") + blobs + encode("end", 1)


async def open_page(page: Page, portal_url: str) -> None:
    await page.goto(portal_url + PATH)
    await wait_state(page, "drawn")


async def test_without_a_grant_there_is_nothing_to_be_seen(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        tunnel.frame = grants() + tunnel.frame
        await open_page(page, portal_url)
        await expect(page.get_by_role("button", name="クリップボード")).to_have_count(0)
        await expect(page.locator("#clipboard-dialog")).to_be_hidden()
        await tunnel.say(copied("何も見えない"))
        await expect(page.get_by_text("何も見えない")).to_be_hidden()


async def test_text_goes_to_the_desktop_by_the_persons_own_hand(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        tunnel.frame = grants("clipboard_in", max_bytes=40) + tunnel.frame
        await open_page(page, portal_url)
        await page.get_by_role("button", name="クリップボード").click()
        await expect(page.locator("#clipboard-out")).to_be_hidden()
        await page.get_by_label("この端末から仮想デスクトップへ").fill(TEXT)
        await page.get_by_role("button", name="送る").click()
        await tunnel.wait_for("end")
        sent = [one for one in tunnel.taken if one[0] in {"clipboard", "blob", "end"}]
        assert [one[0] for one in sent] == ["clipboard", "blob", "end"]
        assert sent[0][2] == "text/plain"
        assert base64.b64decode(sent[1][2]).decode() == TEXT
        await tunnel.say(encode("", "clipboard", "in", "passed"))
        await expect(page.locator("#clipboard-status")).to_contain_text(f"{len(TEXT)}文字を送りました")
        await expect(page.locator("#paste-text")).to_have_value("")

        await page.locator("#paste-text").fill("あ" * 14)
        await page.get_by_role("button", name="送る").click()
        await expect(page.locator("#clipboard-status")).to_contain_text("40バイトまで")
        assert sum(one[0] == "clipboard" for one in tunnel.taken) == 1, "what is too long is not even sent"
        for outcome, told in {"not_text": "文字ではない", "too_often": "回数を超えました"}.items():
            await tunnel.say(encode("", "clipboard", "in", outcome))
            await expect(page.locator("#clipboard-status")).to_contain_text(told)
        await page.locator("#clipboard-close").click()
        await expect(page.locator("#paste-text")).to_have_value("")
        await expect(page.locator("#screen")).to_be_focused()


async def test_text_comes_from_the_desktop_by_the_persons_own_hand(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        tunnel.frame = grants("clipboard_in", "clipboard_out") + tunnel.frame
        await open_page(page, portal_url)
        await tunnel.say(copied(TEXT))
        await page.get_by_role("button", name="クリップボード").click()
        await expect(page.locator("#copied-text")).to_have_text(TEXT)
        await page.locator("#paste-text").fill("前の内容")
        await page.get_by_role("button", name="この端末にコピー").click()
        await expect(page.locator("#clipboard-status")).to_contain_text("コピーしました")
        await page.locator("#paste-text").fill("")
        await page.locator("#paste-text").press("Control+v")
        await expect(page.locator("#paste-text")).to_have_value(TEXT)
        await tunnel.hang_up(1008, "523 terminated")
        await wait_state(page, "ended")
        await expect(page.locator("#clipboard-dialog")).to_be_hidden()
        await expect(page.locator("#clipboard")).to_be_hidden()
        assert await page.locator("#copied-text").inner_text() == ""
        assert await page.locator("#paste-text").input_value() == ""
