"""A member of staff signs in for the first time, works on a desktop, leaves, and comes back to it."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from sekisho.demo.city import demo_accounts
from tests.flows.city import City, staff_with_everything
from tests.flows.staff import at_a_browser, count_colours, share_changed

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(300)]
RESIDENT_STAFF = demo_accounts()[0].uid
NOT_RESIDENT_STAFF = demo_accounts()[1].uid
STAFF = staff_with_everything()


async def wait_until(is_so: Callable[[], bool], otherwise: str, deadline_s: float = 15.0) -> None:
    give_up_at = time.monotonic() + deadline_s
    while not is_so():
        assert time.monotonic() < give_up_at, otherwise
        await asyncio.sleep(0.1)


def home_files(city: City, name: str) -> list[Path]:
    """Files of this name in the homes of local desktops, as the agent's host sees them."""
    return sorted((city.data_dir / "homes").rglob(name))


async def wait_for_text(city: City, name: str, deadline_s: float = 10.0) -> str:
    def read() -> str:
        return "".join(path.read_text("utf-8") for path in home_files(city, name))

    await wait_until(lambda: bool(read()), f"no desktop holds a file {name}", deadline_s)
    return read()


async def test_the_first_day(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, RESIDENT_STAFF) as staff:
        await staff.page.goto(f"{city.url}/")
        await expect(staff.page).to_have_url(f"{city.url}/login")
        await staff.shoot("login")
        await staff.give_password()
        await expect(staff.page).to_have_url(f"{city.url}/login/enrol")
        await staff.shoot("enrol")
        await staff.enrol()
        await staff.shoot("recovery")

        await staff.page.goto(f"{city.url}/")
        await expect(staff.page.locator("[data-pool]")).to_have_count(4)
        await staff.shoot("portal")

        # A floating desktop: see it, type into its terminal, see the picture change.
        session = await staff.open("lgwan-desktop")
        before = await staff.see_desktop()
        await staff.shoot("desktop")
        await staff.click_at(0.25, 0.35)
        await staff.type("ls -la > made-today.txt; echo kan > kan.txt\n")
        await staff.wait_change(before)

        # Japanese through the desktop's own input method, switched by the toolbar.
        await staff.type("cat > note.txt\n")
        await staff.tool("半/全")
        await staff.type("nihongo")
        await staff.press("Space")
        await staff.page.wait_for_timeout(600)
        await staff.shoot("desktop-ime")
        await staff.press("Enter")
        await staff.tool("半/全")
        await staff.press("Enter", "Control+d")
        assert "日本語" in await wait_for_text(city, "note.txt")
        left = await staff.see_resting()
        await staff.shoot("desktop-typed")

        # Close the tab, come back: the same windows, the same session.
        await staff.page.close()
        staff.page = await staff.context.new_page()
        assert await staff.open("lgwan-desktop") == session
        returned = await staff.see_resting()
        assert share_changed(left, returned) < 0.02

        # Log off: the floating desktop is reset, nothing of the work is left.
        await staff.log_off()
        await staff.shoot("logged-off")
        await wait_until(lambda: home_files(city, "note.txt") == [], "the floating desktop was not wiped")
        assert city.live_sessions(RESIDENT_STAFF) == []
        events = {record["event"] for record in city.audit("session.")}
        assert {"session.opened", "session.attached", "session.first_frame_drawn", "session.ended"} <= events


async def test_a_personal_desktop_keeps_its_files_over_a_log_off(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[0]) as staff:
        await staff.enrol()
        await staff.open("resident-desktop")
        before = await staff.see_desktop()
        await staff.click_at(0.25, 0.35)
        await staff.type("echo kept > kept.txt\n")
        await staff.wait_change(before)
        await wait_for_text(city, "kept.txt")
        await staff.log_off()
        assert city.live_sessions(STAFF[0]) == []

        await staff.open("resident-desktop")
        before = await staff.see_desktop()
        await staff.click_at(0.25, 0.35)
        await staff.type("cp kept.txt again.txt\n")
        await staff.wait_change(before)
        assert await wait_for_text(city, "again.txt") == "kept\n"
        await staff.log_off()


async def test_the_signs_of_a_japanese_keyboard_arrive_on_an_rdp_desktop(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[1]) as staff:
        await staff.enrol()
        await staff.open("gyomu-rdp")
        before = await staff.see_desktop()
        await staff.shoot("desktop-rdp")
        await staff.click_at(0.3, 0.35)
        await staff.page.wait_for_timeout(500)
        await staff.type("cat > signs.txt\n")
        await staff.wait_change(before)
        await staff.type("@:^_|[]\\;/~\n")
        await staff.press("Control+d")
        await staff.shoot("desktop-rdp-typed")
        await wait_until(lambda: read_rdp_file(city, "signs.txt") == "@:^_|[]\\;/~\n", "the signs came out differently")

        # Nobody's hand but the host's own limit ends the work there, and the portal says so.
        await staff.log_off()
        await expect(staff.page.locator("#curtain-text")).to_contain_text("制限時間")


async def test_an_rdp_desktop_shows_its_picture_at_every_return(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[3]) as staff:
        await staff.enrol()
        session = await staff.open("gyomu-rdp")
        await staff.see_desktop()
        for _ in range(3):
            await staff.page.close()
            staff.page = await staff.context.new_page()
            assert await staff.open("gyomu-rdp") == session
            assert count_colours(await staff.see_resting()) > 8
        attached = city.audit("session.attached")
        drawn = city.audit("session.first_frame_drawn")
        mine = [f"session:{session}"] * 4
        assert [one["subject"] for one in attached if one["subject"] == mine[0]] == mine
        assert [one["subject"] for one in drawn if one["subject"] == mine[0]] == mine
        await staff.log_off()


def read_rdp_file(city: City, name: str) -> str | None:
    """A file of the RDP host's homes, looked at through the root of one of its processes."""
    pid = city.inner_pid("xrdp-sesman")
    found = list(Path(f"/proc/{pid}/root/home").glob(f"*/{name}"))
    return found[0].read_text("utf-8") if found else None


async def test_two_windows_of_one_person_the_second_takes_over(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[2]) as staff:
        await staff.enrol()
        session = await staff.open("lgwan-desktop")
        first = staff.page
        staff.page = await staff.context.new_page()
        assert await staff.open("lgwan-desktop") == session
        second, staff.page = staff.page, first
        await staff.wait_state("disconnected")
        await expect(first.locator("html")).to_have_attribute("data-end-reason", "taken_over")
        taken_over = [record["subject"] for record in city.audit("session.taken_over")]
        assert taken_over.count(f"session:{session}") == 1
        staff.page = second
        await staff.see_resting()
        await staff.log_off()


async def test_what_one_may_not_open_is_explained(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, NOT_RESIDENT_STAFF) as staff:
        await staff.enrol()
        await staff.page.goto(f"{city.url}/")
        card = staff.page.locator("[data-pool='resident-desktop']")
        await expect(card).to_have_attribute("data-card", "refused")
        await card.get_by_role("link", name="なぜ接続できないか").click()
        await expect(staff.page.locator("main")).to_contain_text("利用権")
        await staff.shoot("why")
        answer = await staff.page.evaluate(
            """async () => {
                const token = document.querySelector("input[name=csrf_token]").value;
                const options = { method: "POST", headers: { "X-CSRF-Token": token } };
                const response = await fetch("/api/v1/pools/resident-desktop/open", options);
                return [response.status, (await response.json()).error.code];
            }"""
        )
        assert answer == [403, "not_entitled"]
        assert city.audit("policy.denied")[0]["outcome"] == "not_entitled"
