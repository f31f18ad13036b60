"""Every page under axe-core, in both languages: no serious violation (JIS X 8341-3 AA, WCAG 2.2 AA)."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from broker.change.records import ExceptionOrder
from broker.model.actor import Actor
from broker.model.rules import GrantName
from tests.web.fake_consents import TEXT
from tests.web.fake_devices import make_device
from tests.web.fake_signin import CODE, PASSWORD
from tests.web.fake_tunnel import FakeTunnel, encode
from tests.web.fakes import FakeCity
from tests.web.in_browser import signed_in_page, wait_state
from tests.web.people import DESK, NOW, POOLS, SECOND, make_session

pytestmark = pytest.mark.browser
AXE = Path("node_modules/axe-core/axe.min.js").read_text("utf-8")
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

STAFF_PAGES = (
    "/",
    "/factors",
    "/factors/app",
    "/step-up",
    "/help",
    "/pools/juki/why",
    "/sessions/s-lgwan-std-p9001/logoff",
    "/password",
    "/consent",
    "/nowhere",
)
CONSOLE_PAGES = (
    "/console/pools",
    "/console/pools/lgwan-std/close",
    "/console/pools/lgwan-std/desktops",
    "/console/sessions",
    "/console/sessions/s-lgwan-std-p1001/terminate",
    "/console/people",
    "/console/consents",
    "/console/people/u-p1001",
    "/console/people/u-p1001/reset-factor",
    "/console/local-accounts",
    "/console/local-accounts/new",
    "/console/locks",
    "/console/policy?user=p1001&pool=lgwan-std&origin=internet",
    "/console/rules?subject=lgwan-std",
    "/console/exceptions",
    "/console/exceptions/new",
    "/console/changes/c-1",
    "/console/mode",
    "/console/mode/confirm?mode=degraded",
    "/console/approvals",
    "/console/devices",
    "/console/devices/enrol",
    "/console/devices/dev-pc-0102",
    "/console/devices/dev-pc-0102/renew",
    "/console/devices/dev-pc-0102/revoke",
    "/console/flows",
    "/console/directory",
    "/console/audit",
)


async def serious_violations(page: Page) -> list[str]:
    """What axe finds; it is evaluated by the debugger, the page's content policy stays as it is."""
    await page.evaluate(AXE + "; undefined")
    result: Any = await page.evaluate("(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", _TAGS)
    return [
        f"{found['id']}: {node['html'][:160]}"
        for found in result["violations"]
        if found["impact"] in {"serious", "critical", "moderate"}
        for node in found["nodes"]
    ]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_pages_are_accessible(browser: Browser, city: FakeCity, portal_url: str, language: str) -> None:
    city.consents.text = TEXT
    city.consents.is_due_for_nobody = True
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], DESK)}
    order = ExceptionOrder(ends_on=NOW.date(), grants=frozenset({GrantName.PRINT_OUT}))
    other = Actor(tenant_id=SECOND.tenant_id, name=f"user:{SECOND.id}", roles=SECOND.roles, address="192.0.2.3")
    await city.changes.request_exception(other, order, "年末調整の印刷")
    city.devices.put(make_device("PC-0101"), make_device("PC-0102", 13), make_device("PC-0103", -5, owner=None))
    async with signed_in_page(browser, portal_url, DESK.login, width=768, height=1024) as page:
        for path in STAFF_PAGES + CONSOLE_PAGES:
            await page.goto(f"{portal_url}/language/{language}?back={path}")
            assert await serious_violations(page) == [], path
            overflow = await page.evaluate(
                "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow == 0, path


async def test_the_way_in_is_accessible(browser: Browser, portal_url: str) -> None:
    context = await browser.new_context(locale="ja-JP")
    page = await context.new_page()
    await page.goto(f"{portal_url}/login")
    assert await serious_violations(page) == []
    await page.locator("main form button").click()
    assert await serious_violations(page) == []
    await page.fill("#login", "p2001")
    await page.fill("#password", PASSWORD)
    await page.locator("main form button").click()
    assert await serious_violations(page) == []
    await page.fill("#code", CODE)
    await page.locator("main form:has(#code) button").click()
    assert await serious_violations(page) == []
    await context.close()


async def test_the_session_page_is_accessible(
    browser: Browser, city: FakeCity, portal_url: str, tunnel: FakeTunnel
) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], DESK)}
    async with signed_in_page(browser, portal_url, DESK.login) as page:
        await page.goto(f"{portal_url}/sessions/s-lgwan-std-p9001")
        await wait_state(page, "drawn")
        assert await serious_violations(page) == []
        await tunnel.say(encode("", "grants", 65_536, "clipboard_in", "clipboard_out") + encode("", "idle", 50))
        await page.locator("#notice").wait_for()
        assert await serious_violations(page) == []
        await page.locator("#clipboard").click()
        assert await serious_violations(page) == []
        await page.locator("#clipboard-close").click()
        await tunnel.hang_up(1000, "521 taken_over")
        await wait_state(page, "disconnected")
        assert await serious_violations(page) == []
