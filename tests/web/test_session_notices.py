"""What is coming is told in time: the end of the hours, the limit, the end for want of input; and what to do."""

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


async def test_the_end_of_the_hours_is_told_at_each_step_and_counted_down(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await open_page(page, portal_url)
        notice, title = page.locator("#notice"), page.locator("#notice-title")
        spoken = page.locator("#notice-spoken")
        await expect(spoken).to_have_attribute("role", "alert")
        await tunnel.say(encode("", "ends", "hours_ended", 1802))
        await expect(notice).to_be_hidden()
        for left_s, told in ((None, "あと30分"), (900, "あと15分"), (299, "あと5分")):
            if left_s is not None:
                await tunnel.say(encode("", "ends", "hours_ended", left_s))
            await expect(title).to_have_text(f"利用できる時間は、{told}で終わります")
            await expect(page.locator("#notice-text")).to_contain_text("作業を保存して、ログオフしてください")
            await expect(spoken).to_contain_text(told)
            await page.locator("#notice-close").click()
            await expect(notice).to_be_hidden()
            await page.wait_for_timeout(1_200)
            await expect(notice).to_be_hidden()
        await tunnel.say(encode("", "ends", "hours_ended", 61))
        await expect(title).to_have_text("利用できる時間は、あと58秒で終わります")
        await expect(page.locator("#notice-close")).to_be_hidden()
        await expect(spoken).to_contain_text("あと60秒")
        await tunnel.say(encode("", "ends", "hours_ended", 30))
        await expect(spoken).to_contain_text("あと30秒")
        await tunnel.hang_up(1000, "522 hours_ended")
        await wait_state(page, "ended")
        await expect(notice).to_be_hidden()
        await expect(spoken).to_have_text("")


async def test_hours_that_were_made_longer_take_the_notice_back(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await open_page(page, portal_url)
        await tunnel.say(encode("", "ends", "absolute_limit", 280))
        await expect(page.locator("#notice-title")).to_have_text("続けて利用できる時間は、あと5分で終わります")
        await tunnel.say(encode("", "ends", "hours_ended", 7200))
        await expect(page.locator("#notice")).to_be_hidden()
        await tunnel.say(encode("", "ends", "unsupervised", 600))
        await expect(page.locator("#notice-title")).to_contain_text("管理サーバーと通信できないため、あと10分")
        await expect(page.locator("#notice-text")).to_contain_text("作業中の画面は残ります")


async def test_nobody_at_the_keyboard_is_asked_and_goes_on(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await open_page(page, portal_url)
        await tunnel.say(encode("", "idle", 110))
        await expect(page.locator("#notice-title")).to_have_text("操作がないため、あと2分で切断します")
        await tunnel.say(encode("", "idle", 50))
        await expect(page.locator("#notice-title")).to_contain_text("あと49秒で切断します")
        assert [one for one in tunnel.taken if one[0] == "mouse"] == []
        await page.locator("#notice-go-on").focus()
        await page.keyboard.press("Enter")
        assert (await tunnel.wait_for("mouse"))[3] == "0", "the gateway sees that somebody is here, and no button"
        await tunnel.say(encode("", "active"))
        await expect(page.locator("#notice")).to_be_hidden()
        await expect(page.locator("#screen")).to_be_focused()


async def test_what_this_page_does_not_know_is_let_pass(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await open_page(page, portal_url)
        await tunnel.say(encode("", "weather", "rain") + encode("", "ends", "eclipse", 5) + encode("", "ends"))
        await tunnel.say(encode("", "ends", "hours_ended", 100))
        await expect(page.locator("#notice-title")).to_have_text("利用できる時間は、あと2分で終わります")


async def test_a_gateway_that_is_busy_says_so(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await open_page(page, portal_url)
        for reason, title in (
            ("513 busy", "混み合っています。1秒後にもう一度接続します"),
            ("523 grants_changed", "利用の条件が変わりました。1秒後に接続し直します"),
        ):
            await tunnel.hang_up(1013, reason)
            await expect(page.locator("#curtain-title")).to_have_text(title)
            await wait_state(page, "drawn")
        assert tunnel.tickets() == 3


async def test_without_its_scripts_the_page_says_what_to_do(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        assert await page.locator("#stuck").evaluate("one => getComputedStyle(one).display") == "none"
        await page.route("**/static/session/toolbar.js", lambda route: route.abort())
        await page.goto(portal_url + PATH)
        await expect(page.locator("#stuck")).to_be_hidden()
        await expect(page.locator("#stuck")).to_be_visible(timeout=20_000)
        await expect(page.locator("#stuck")).to_contain_text("情報システム担当へご連絡ください")
        await page.unroute("**/static/session/toolbar.js")
        await page.get_by_role("link", name="再読み込み").click()
        await wait_state(page, "drawn")
