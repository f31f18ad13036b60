"""The session page: ticket, picture, resize, ends, reconnect."""

import re
from typing import Final

import msgspec
import pytest
from playwright.async_api import Browser, expect

from broker.model.reasons import EndReason
from tests.web.fake_tunnel import CURSOR, FILL, SIZE, SYNC, FakeTunnel
from tests.web.fakes import FakeCity
from tests.web.in_browser import signed_in_page, wait_state
from tests.web.people import POOLS, STAFF, make_session

pytestmark = pytest.mark.browser
_REMEMBER_TITLES: Final = """() => {
  const root = document.documentElement, title = document.getElementById("curtain-title");
  const seen = [];
  const note = () => {
    const state = root.dataset.sessionState;
    seen.push(state === "drawn" ? state : `${state}:${title.textContent}`);
    root.dataset.seen = seen.join(" ");
  };
  new MutationObserver(note).observe(root, {attributes: true, attributeFilter: ["data-session-state"]});
  new MutationObserver(note).observe(title, {childList: true});
}"""
PATH = "/sessions/s-lgwan-std-p1001"


@pytest.fixture(autouse=True)
def _has_a_session(city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}


async def test_the_ticket_goes_in_band_with_the_size_of_the_window(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login, width=1281) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        first = tunnel.taken[0]
        assert first[:2] == ["", "ticket"]
        width, height, dpi = (int(number) for number in first[3:6])
        assert (width, dpi) == (1280, 96)
        assert 600 < height < 800
        assert first[6]
        assert tunnel.addresses == ["/tunnel"]
        assert await tunnel.wait_for("sync") == ["sync", "1000"]
        assert int(await page.locator("html").get_attribute("data-latency-ms") or -1) >= 0
        await expect(page.locator("#latency")).to_contain_text("ミリ秒")


async def test_the_picture_follows_the_window(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        await page.set_viewport_size({"width": 901, "height": 700})
        size = await tunnel.wait_for("size")
        assert size[1] == "900"


async def test_mouse_positions_are_those_of_the_desktop(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        box = await page.locator("#screen").bounding_box()
        assert box is not None
        await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        mouse = await tunnel.wait_for("mouse")
        assert abs(int(mouse[1]) - 640) <= 2
        assert abs(int(mouse[2]) - 400) <= 2


async def test_waiting_in_the_queue_shows_the_place(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    city.sessions.waits = 1000
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await expect(page.locator("#curtain-title")).to_have_text(re.compile("順番を待っています（[0-9]+番目）"))
        await wait_state(page, "preparing")
        city.sessions.waits = 0
        await wait_state(page, "drawn")
        await expect(page.locator("#curtain")).to_be_hidden()


ENDS: Final = [
    (1000, "521 taken_over", "別の画面でこのデスクトップに接続しました", True),
    (1000, "522 idle_limit", "操作がない状態が続いたため切断しました", True),
    (1008, "523 terminated", "情報システム担当がこのセッションを終了しました", False),
    (1000, "523 logged_off", "ログオフしました", False),
    (1000, "522 absolute_limit", "連続して利用できる時間の上限に達しました", False),
]


async def test_each_end_says_why_and_stays(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        for code, reason, title, may_reconnect in ENDS:
            await page.goto(portal_url + PATH)
            await wait_state(page, "drawn")
            tickets = len(city.sessions.asked)
            await tunnel.hang_up(code, reason)
            await wait_state(page, "disconnected" if may_reconnect else "ended")
            await expect(page.locator("#curtain-title")).to_have_text(title)
            await expect(page.locator("#reconnect")).to_be_visible(visible=may_reconnect)
            await expect(page.locator("#screen canvas")).to_have_count(0)
            assert len(city.sessions.asked) == tickets
            if may_reconnect:
                await page.locator("#reconnect").click()
                await wait_state(page, "drawn")


async def test_a_lost_line_is_taken_up_again_with_a_new_ticket(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        await page.evaluate(_REMEMBER_TITLES)
        await tunnel.hang_up(1001, "520 gateway_lost")
        await expect(page.locator("html")).to_have_attribute("data-seen", re.compile("drawn$"), timeout=30_000)
        seen = await page.locator("html").get_attribute("data-seen") or ""
        assert "disconnected:接続が切れました。1秒後に再接続します" in seen
        tickets = [one[2] for one in tunnel.taken if one[:2] == ["", "ticket"]]
        assert len(set(tickets)) == 2


async def test_a_line_that_is_back_is_used_at_once_and_the_dead_tunnel_is_told_nothing(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        await page.route("**/icon.svg", lambda route: route.abort())
        tunnel.is_mute = True
        await expect(page.locator("#toast")).to_be_visible(timeout=10_000)
        assert tunnel.tickets() == 1
        await page.unroute("**/icon.svg")
        await tunnel.wait_for_tickets(2, 3)
        tunnel.is_mute = False
        await wait_state(page, "drawn")
        assert not any(one[0] == "disconnect" for one in tunnel.taken)


async def test_a_silent_tunnel_on_a_line_that_is_up_is_not_hurried(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        tunnel.is_mute = True
        await expect(page.locator("#toast")).to_be_visible(timeout=10_000)
        async with page.expect_request("**/icon.svg"):
            pass
        async with page.expect_request("**/icon.svg"):
            pass
        assert tunnel.tickets() == 1


@pytest.mark.parametrize(
    "frame", ["", SIZE + CURSOR + SYNC, CURSOR + FILL + SYNC], ids=["nothing", "cursor", "no size"]
)
async def test_without_a_picture_the_person_is_told(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel, frame: str
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        tunnel.frame = frame
        await page.clock.install()
        await page.goto(portal_url + PATH)
        for attempts in (1, 2):
            await tunnel.wait_for_tickets(attempts)
            await expect(page.locator("#curtain-title")).to_have_text("接続しています")
            await expect(page.locator("html")).to_have_attribute("data-session-state", "connecting")
            await page.clock.run_for(15_100)
        await expect(page.locator("#curtain-title")).to_have_text("画面を表示できません")
        await expect(page.locator("#curtain-text")).to_contain_text("s-lgwan-std-p1001")
        await expect(page.locator("#back")).to_be_visible()
        assert tunnel.tickets() == 2, "one more attempt by itself, and no third"

        tunnel.frame = SIZE + FILL + SYNC
        await page.locator("#reconnect").click()
        await wait_state(page, "drawn")
        await page.clock.run_for(16_000)
        await wait_state(page, "drawn")


async def test_a_session_that_ended_meanwhile_is_not_taken_up(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        city.sessions.over[make_session(POOLS[0][0], STAFF).id] = EndReason.DESKTOP_LOST
        await tunnel.hang_up(1011, "520 desktop_lost")
        await wait_state(page, "ended")
        await expect(page.locator("#curtain-title")).to_have_text("仮想デスクトップが停止しました")


async def test_a_signin_that_expired_is_told(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        city.signin.signed_in.clear()
        await tunnel.hang_up(1000, "523 signed_out")
        await wait_state(page, "ended")
        await expect(page.locator("#curtain-title")).to_have_text("ログインの有効期限が切れました")


async def test_log_off_asks_and_ends(browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        await page.locator("#logoff").click()
        await page.locator("#logoff-cancel").click()
        await wait_state(page, "drawn")
        await page.locator("#logoff").click()
        await page.locator("#logoff-confirm").click()
        await wait_state(page, "ended")
        assert city.sessions.asked[-1] == "logoff s-lgwan-std-p1001"
        await tunnel.wait_for("disconnect")


async def test_the_toolbar_begins_folded_on_a_small_screen(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login, width=768, height=1024) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        toggle = page.locator("#toggle-toolbar")
        await expect(toggle).to_have_attribute("aria-expanded", "false")
        await expect(page.locator("#tools")).to_be_hidden()
        await toggle.press("Enter")
        await expect(page.locator("#tools")).to_be_visible()
        await toggle.click()
        await expect(page.locator("#tools")).to_be_hidden()


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_the_toolbar_keeps_to_one_row_and_fits_fingers(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel, language: str
) -> None:
    long = "マイナンバー利用事務系の専用デスクトップ（住民情報）"
    city.sessions.pools[0] = msgspec.structs.replace(
        city.sessions.pools[0], name_ja=long, name_en="Personal desktop for resident records", provider="static"
    )
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(f"{portal_url}/language/{language}?back={PATH}")
        await wait_state(page, "drawn")
        box = await page.locator("#toolbar").bounding_box()
        assert box is not None
        assert box["height"] < 56
        fingers = await page.context.new_cdp_session(page)
        await fingers.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 1})
        await fingers.send("Emulation.setEmitTouchEventsForMouse", {"enabled": True, "configuration": "mobile"})
        for tool in await page.locator(".tool:visible").all():
            box = await tool.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["width"] >= 44


async def test_nothing_of_the_session_stays_in_the_browser(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        kept = await page.evaluate(
            "async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,"
            " (await caches.keys()).length, document.cookie]"
        )
        assert kept == [0, 0, 0, 0, ""]
        await page.emulate_media(media="print")
        await expect(page.locator("#screen")).to_be_hidden()
