"""What keeps a desktop out of the browser's stores, asked of a real Chromium that tries to do it all the same."""

from typing import Final

import pytest
from playwright.async_api import Browser, Request, expect

from tests.web.fake_tunnel import FakeTunnel
from tests.web.fakes import FakeCity
from tests.web.in_browser import signed_in_page, wait_state
from tests.web.people import POOLS, STAFF, make_session

pytestmark = pytest.mark.browser
PATH = "/sessions/s-lgwan-std-p1001"

_TRY_INLINE: Final = """() => {
  window.ran = [];
  const blocked = [];
  document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
  const attempts = {
    script: () => { const one = document.createElement("script"); one.textContent = "ran.push('script')"; document.body.append(one); },
    handler: () => { const one = document.createElement("button"); one.setAttribute("onclick", "ran.push('handler')"); document.body.append(one); one.click(); },
    style: () => { const one = document.createElement("style"); one.textContent = "body { color: red }"; document.head.append(one); },
    elsewhere: () => fetch("http://127.0.0.2:9/").catch(() => {}),
    frame: () => { const one = document.createElement("iframe"); one.src = "/"; document.body.append(one); },
    text: () => { document.body.innerHTML = "<img src=x>"; },
  };
  const thrown = Object.entries(attempts).filter(([, attempt]) => { try { attempt(); return false; } catch { return true; } });
  return new Promise((resolve) => setTimeout(() => resolve([window.ran, [...new Set(blocked)].sort(), thrown.map(([name]) => name)]), 300));
}"""  # noqa: E501 - one attempt a line

_LOOK: Final = """async () => ({
  isolated: window.crossOriginIsolated,
  stored: [localStorage.length, sessionStorage.length],
  kept: [(await indexedDB.databases()).length, (await caches.keys()).length],
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  cookies: document.cookie,
  allowed: ["camera", "microphone", "display-capture", "clipboard-read", "clipboard-write", "geolocation", "usb"]
    .filter((feature) => document.featurePolicy.allowsFeature(feature)),
  clipboard: await navigator.clipboard.readText().then(() => "read", (fault) => fault.name),
})"""


@pytest.fixture(autouse=True)
def _has_a_session(city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}


async def test_the_session_page_stores_nothing_and_may_nothing(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        page.on("request", note)
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        assert await page.evaluate(_LOOK) == {
            "isolated": True,
            "stored": [0, 0],
            "kept": [0, 0],
            "workers": 0,
            "cookies": "",
            "allowed": [],
            "clipboard": "NotAllowedError",
        }
        told = [(request.url, (await request.all_headers()).get("referer")) for request in requests]
        assert len(told) > 10
        assert {referrer for _, referrer in told} == {None}, "nobody learns the address of the session"


async def test_pages_and_answers_are_kept_by_no_cache(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    kept: dict[str, str] = {}
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        page.on("response", lambda answer: kept.update({answer.url: answer.headers.get("cache-control", "")}))
        for path in ("/", PATH, f"{PATH}/logoff", "/help"):
            await page.goto(portal_url + path)
        files = {url for url in kept if "/static/" in url}
        assert files
        assert {kept[url] for url in kept.keys() - files} == {"no-store"}
        assert {kept[url] for url in files} == {"no-cache"}


async def test_nothing_inline_runs_and_nothing_is_fetched_from_elsewhere(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    context = await browser.new_context(locale="ja-JP")
    page = await context.new_page()
    await page.goto(portal_url + "/help")
    ran, blocked, thrown = await page.evaluate(_TRY_INLINE)
    assert ran == []
    assert thrown == ["script", "handler", "text"], "no text becomes code"
    assert set(blocked) == {"connect-src", "frame-src", "require-trusted-types-for", "style-src-elem"}
    await context.close()


async def test_no_page_of_another_site_can_frame_it(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    framed = f"<iframe src='{portal_url}/login' width=800 height=600></iframe>"
    await page.route("http://other.test/", lambda route: route.fulfill(body=framed, content_type="text/html"))
    await page.goto("http://other.test/")
    frame = page.frames[1]
    await expect(page.locator("iframe")).to_be_visible()
    assert await frame.locator("#login").count() == 0
    await context.close()


async def test_print_is_blank_and_signing_out_clears_the_site(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(portal_url + PATH)
        await wait_state(page, "drawn")
        await page.emulate_media(media="print")
        assert (
            await page.evaluate(
                "[...document.querySelectorAll('body *')].filter((one) => one.checkVisibility()).length"
            )
            == 0
        )
        await page.emulate_media(media="screen")
        await page.goto(portal_url + "/")
        await page.evaluate("localStorage.setItem('left', 'behind')")
        async with page.expect_response("**/signout") as leaving:
            await page.locator("form[action='/signout'] button").click()
        assert (await (await leaving.value).header_value("clear-site-data")) == '"cache", "storage"'
        await expect(page).to_have_url(f"{portal_url}/login")
        assert await page.evaluate("localStorage.length") == 0, "what a site had stored is gone too"
