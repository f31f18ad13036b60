"""Sessions outlive the broker: the picture goes on, and afterwards the books are right."""

import asyncio
import contextlib
import os
import signal
import time

import pytest
from playwright.async_api import Browser, expect

from tests.flows.city import City, office_staff
from tests.flows.staff import at_a_browser

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(200)]
STAFF = office_staff()[30:]
DEAD_S = 6.0


async def keep_broker_dead(city: City, until: asyncio.Event) -> None:
    """Kill every broker that the supervisor starts, as soon as it is there."""
    while not until.is_set():
        for pid in city.pids("site.toml broker"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.02)


async def test_the_picture_goes_on_and_the_books_are_right_afterwards(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[0]) as staff, at_a_browser(city, browser, STAFF[1]) as leaver:
        await staff.enrol()
        session = await staff.open("lgwan-desktop")
        await leaver.enrol()
        await leaver.open("lgwan-desktop")
        before = await staff.see_resting()

        let_live = asyncio.Event()
        killer = asyncio.create_task(keep_broker_dead(city, let_live))
        died_at = time.monotonic()
        await staff.click_at(0.25, 0.35)
        await staff.type("echo the picture goes on\n")
        await staff.wait_change(before)
        await leaver.page.close()  # nobody can be told of it now
        while time.monotonic() - died_at < DEAD_S:
            before = await staff.see_resting()
            await staff.type("date\n")
            await staff.wait_change(before)
        assert await staff.page.locator("html").get_attribute("data-session-state") == "drawn"
        let_live.set()
        await killer

        await city.wait_for_broker()
        rows = {row["login"]: row for row in city.ask("session", "list") if row["login"] in STAFF[:2]}
        assert rows[STAFF[0]]["state"] == "active"
        assert rows[STAFF[1]]["state"] == "disconnected"
        detached = [record["subject"] for record in city.audit("session.detached")]
        assert f"session:{rows[STAFF[1]]['id']}" in detached
        assert f"session:{session}" not in detached

        await staff.page.goto(f"{city.url}/")
        await expect(staff.page.locator("[data-pool='lgwan-desktop']")).not_to_have_attribute("data-card", "open")
        assert await staff.open("lgwan-desktop") == session
        await staff.log_off()
        assert "in order" in city.sekisho("audit", "verify").stdout
