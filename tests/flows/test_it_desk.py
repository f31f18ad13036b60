"""The IT desk sees who works where, ends a session with a reason, and the audit tells of it."""

import pytest
from playwright.async_api import Browser, expect

from sekisho.demo.city import demo_accounts
from tests.flows.city import City, office_staff
from tests.flows.staff import at_a_browser

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(200)]
STAFF = office_staff()[20:]
IT_DESK, AUDITOR = demo_accounts()[2].uid, demo_accounts()[3].uid


async def test_a_session_is_ended_by_the_desk(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[0]) as staff, at_a_browser(city, browser, IT_DESK) as desk:
        await staff.enrol()
        session = await staff.open("lgwan-desktop")
        await desk.enrol()
        for page in ("pools", "sessions", "people", "audit"):
            await desk.page.goto(f"{city.url}/console/{page}")
            await expect(desk.page.locator("h1")).to_be_visible()
            await desk.shoot(f"console-{page}")

        await desk.page.goto(f"{city.url}/console/sessions")
        row = desk.page.locator(f"[data-session='{session}']")
        await row.get_by_role("link", name="強制切断").click()
        await desk.page.locator("[name=reason]").fill("保守のため")
        await desk.shoot("console-terminate")
        await desk.page.locator("main form button[type=submit]").click()
        await staff.wait_state("ended")
        await expect(staff.page.locator("html")).to_have_attribute("data-end-reason", "terminated")
        await staff.shoot("ended-by-desk")

        assert city.live_sessions(STAFF[0]) == []
        record = city.audit("session.terminated")[0]
        assert record["subject"] == f"session:{session}"
        assert "保守のため" in record["detail"].values()


async def test_locking_somebody_out_ends_what_they_had(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[1]) as staff:
        await staff.enrol()
        await staff.open("lgwan-desktop")
        user_id = city.ask("user", "list", STAFF[1])[0]["id"]
        city.sekisho("user", "lock", user_id, "--reason", "端末の紛失")
        await staff.wait_state("ended")
        await staff.page.goto(f"{city.url}/")
        await expect(staff.page).to_have_url(f"{city.url}/login?ended=1")
        await staff.give_password()
        await staff.give_code(staff.recovery_codes[0])
        await expect(staff.page.locator("[data-pool]")).to_have_count(0)
        city.sekisho("user", "unlock", user_id, "--reason", "端末が見つかった")


async def test_the_auditor_reads_and_changes_nothing(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, AUDITOR) as auditor:
        await auditor.enrol()
        await auditor.page.goto(f"{city.url}/console/audit")
        await expect(auditor.page.locator("table")).to_be_visible()
        response = await auditor.page.goto(f"{city.url}/console/pools/lgwan-desktop/close")
        assert response is not None
        assert response.status == 403


async def test_staff_do_not_enter_the_console(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[2]) as staff:
        await staff.enrol()
        response = await staff.page.goto(f"{city.url}/console/sessions")
        assert response is not None
        assert response.status == 403


def test_the_audit_is_in_order(city: City) -> None:
    done = city.sekisho("audit", "verify")
    assert done.stdout.strip().endswith("in order")
