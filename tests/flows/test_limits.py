"""When the reason for a session disappears, its picture is gone within two seconds; what is coming is told before.

The numbers are from the real thing: from the moment at which the order is given until the page shows the end.
"""

import os
import signal
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from sekisho.api_client import call_api
from sekisho.demo.site import write_toml
from tests.flows.city import City, office_staff
from tests.flows.staff import Staff, at_a_browser
from tests.flows.test_staff_day import wait_for_text

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(300)]
STAFF = office_staff()[40:]
POOL = "lgwan-desktop"
LIMIT_S = 2.0
JAPANESE = "起案番号　𠮷第７号"
"""What no VNC of guacd 1.3 can carry: it is refused instead of arriving as other signs."""
TEXT = "Form 7, page 2: 1,200 yen"

WATCH_FOR_END = """() => {
  window.endedAt = 0;
  new MutationObserver(() => {
    if (document.documentElement.dataset.sessionState !== "drawn") window.endedAt ||= Date.now();
  }).observe(document.documentElement, {attributes: true, attributeFilter: ["data-session-state"]});
}"""


class Stopwatch:
    """From an order to the moment at which a page leaves its picture."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._ordered_at = 0.0

    async def start(self) -> None:
        await self._page.evaluate(WATCH_FOR_END)
        self._ordered_at = time.time()

    async def read(self, reason: str) -> float:
        await expect(self._page.locator("html")).to_have_attribute("data-end-reason", reason, timeout=15_000)
        return float(await self._page.evaluate("window.endedAt")) / 1000 - self._ordered_at


async def order(city: City, method: str, path: str, **body: object) -> Any:
    """What a command of the desk does, without the command's own start."""
    return await call_api(city.data_dir / "run/admin.sock", method, f"/admin{path}", body=body or None)


async def test_when_the_reason_goes_the_picture_goes_within_two_seconds(city: City, browser: Browser) -> None:
    took_s: dict[str, float] = {}
    async with at_a_browser(city, browser, STAFF[0]) as staff:
        await staff.enrol()
        watch = Stopwatch(staff.page)

        session = await staff.open(POOL)
        await watch.start()
        await order(city, "POST", f"/sessions/{session}/terminate", reason="端末の紛失")
        took_s["ended by the desk"] = await watch.read("terminated")

        await staff.open(POOL)
        await watch.start()
        try:
            await order(city, "POST", "/mode", mode="maintenance", is_drill=False, reason="保守")
            took_s["mode changed"] = await watch.read("mode_changed")
        finally:
            await order(city, "POST", "/mode", mode="normal", is_drill=False, reason="保守終了")

        await staff.open(POOL)
        other = await staff.context.new_page()
        await watch.start()
        await other.goto(staff.page.url)
        took_s["taken over"] = await watch.read("taken_over")
        await other.close()

        await staff.open(POOL)
        user_id = city.ask("user", "list", STAFF[0])[0]["id"]
        await watch.start()
        try:
            await order(city, "POST", f"/people/{user_id}/lock", reason="端末の紛失")
            took_s["locked"] = await watch.read("terminated")
        finally:
            await order(city, "POST", f"/people/{user_id}/unlock", reason="発見")
    sys.stdout.write(f"{ {what: round(seconds, 2) for what, seconds in took_s.items()} }\n")
    # a page that takes over has to be loaded and to get its ticket first
    assert {what: seconds for what, seconds in took_s.items() if seconds > LIMIT_S and what != "taken over"} == {}
    assert took_s["taken over"] < LIMIT_S + 3


@asynccontextmanager
async def changed_site(city: City, change: Callable[[dict[str, Any]], None]) -> AsyncIterator[None]:
    """The city under other rules for a while, as the desk saves them: the broker starts anew each time."""
    path = city.data_dir / "site.toml"
    before = path.read_bytes()
    changed = tomllib.loads(before.decode())
    change(changed["tenants"][0])
    write_toml(path, changed)
    try:
        await restart_broker(city)
        yield
    finally:
        path.write_bytes(before)
        await restart_broker(city)


async def restart_broker(city: City) -> None:
    for pid in city.pids("site.toml broker"):
        os.kill(pid, signal.SIGTERM)
    await city.wait_for_broker()


def allow_clipboard(**grants: object) -> Callable[[dict[str, Any]], None]:
    """The pool grants it, and the tenant has the exception that the baseline asks for."""

    def change(tenant: dict[str, Any]) -> None:
        pool = next(pool for pool in tenant["pools"] if pool["id"] == POOL)
        pool["grants"] = {"clipboard_in": True, "clipboard_out": True, **grants}
        ends_on = datetime.now(UTC).date() + timedelta(days=3)
        tenant["policy"] = {
            "exceptions": [
                {
                    "id": "clipboard", "reason": "検証", "author": "desk", "approver": "chief", "ends_on": ends_on,
                    "pools": [POOL], "grants": ["clipboard_in", "clipboard_out"],
                }
            ]
        }  # fmt: skip

    return change


async def test_a_clipboard_that_is_granted_reaches_a_running_session_and_leaves_it_again(
    city: City, browser: Browser
) -> None:
    async with at_a_browser(city, browser, STAFF[1]) as staff:
        await staff.enrol()
        session = await staff.open(POOL)
        page = staff.page
        await expect(page.locator("#clipboard")).to_be_hidden()
        async with changed_site(city, allow_clipboard()):
            await expect(page.locator("#clipboard")).to_be_visible(timeout=20_000)
            await staff.wait_state("drawn")
            await send_text(staff, JAPANESE, "英数字と半角の記号だけ")
            await send_text(staff, TEXT, f"{len(TEXT)}文字を送りました")
            await staff.click_at(0.25, 0.35)
            await staff.type("xclip -o -selection clipboard > got.txt\n")
            assert await wait_for_text(city, "got.txt") == TEXT
            await staff.shoot("clipboard-in")

            await staff.type("printf 'CANARY-out' | xclip -i -selection clipboard\n")
            await expect(page.locator("#copied-text")).to_have_text("CANARY-out", timeout=15_000)
            records = [*city.audit("clipboard.brought_in"), *city.audit("clipboard.taken_out")]
            mine = [record for record in records if record["subject"] == f"session:{session}"]
            assert {record["event"] for record in mine} == {"clipboard.brought_in", "clipboard.taken_out"}
            told = str(records)
            assert TEXT not in told
            assert "CANARY-out" not in told
            brought = next(record for record in mine if record["event"] == "clipboard.brought_in")
            assert brought["detail"]["bytes"] == str(len(TEXT.encode()))
        await expect(page.locator("#clipboard")).to_be_hidden(timeout=20_000)
        await staff.wait_state("drawn")
        assert "/sessions/" + session in page.url, "the same session, the same work"
        await staff.log_off()


async def send_text(staff: Staff, text: str, answer: str) -> None:
    page = staff.page
    await page.locator("#clipboard").click()
    await page.locator("#paste-text").fill(text)
    await page.locator("#paste-send").click()
    await expect(page.locator("#clipboard-status")).to_contain_text(answer, timeout=10_000)
    await page.locator("#clipboard-close").click()


def set_grants(**grants: object) -> Callable[[dict[str, Any]], None]:
    def change(tenant: Mapping[str, Any]) -> None:
        pool = next(pool for pool in tenant["pools"] if pool["id"] == POOL)
        pool["grants"] = grants

    return change


@pytest.mark.full
async def test_idleness_and_the_limit_are_told_before_they_end_anything(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[2]) as staff:
        await staff.enrol()
        page = staff.page
        title = page.locator("#notice-title")
        async with changed_site(city, set_grants(idle_limit_s=12, absolute_limit_s=58)):
            await staff.open(POOL)
            await expect(title).to_contain_text("続けて利用できる時間は、あと", timeout=5_000)
            await expect(title).to_contain_text("操作がないため、あと", timeout=12_000)
            await staff.shoot("notice-idle")
            await page.locator("#notice-go-on").click()
            await expect(title).to_contain_text("続けて利用できる時間は、あと", timeout=5_000)
            await staff.wait_state("drawn")
            await expect(title).to_contain_text("操作がないため、あと", timeout=8_000)
            await staff.press("Shift")
            await expect(title).to_contain_text("続けて利用できる時間は、あと", timeout=5_000)
            await staff.shoot("notice-limit")
            await expect(page.locator("html")).to_have_attribute("data-end-reason", "idle_limit", timeout=25_000)
            await staff.wait_state("disconnected")
            assert [row["state"] for row in city.live_sessions(STAFF[2])] == ["disconnected"], "the work is kept"
