"""The virtual browser as a member of staff uses it: listed destinations are shown, others say why not."""

import numpy as np
import pytest
from playwright.async_api import Browser, expect

from broker.settings import load_settings
from sekisho.demo.city import Group, staff
from sekisho.demo.websites import LISTED, SITES, UNLISTED
from tests.flows.city import City, office_staff
from tests.flows.staff import Picture, Staff, at_a_browser
from tests.flows.test_staff_day import wait_until

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(240)]
POOL = "virtual-browser"
IT_DESK = [person.uid for person in staff() if Group.IT_DESK in person.groups][2]
REFUSAL = "#2f5d7c"
"""The line above the proxy's own pages."""


def web_port(city: City) -> int:
    pools = load_settings(city.data_dir / "site.toml").tenants[0].pools
    (pool,) = [pool for pool in pools if pool.id == POOL]
    (destination,) = pool.allowed_destinations
    return int(destination.rpartition(":")[2])


def share_of(picture: Picture, colour: str) -> float:
    """The share of pixels that have nearly this colour: pictures cross with losses."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    return float((np.abs(picture.astype(np.int16) - wanted).max(axis=2) < 16).mean())


def hosts_in_audit(city: City, event: str) -> set[str]:
    """What persons (not spare browsers) reached, or did not."""
    return {row["detail"]["host"] for row in city.audit(event) if row["actor"].startswith("user:")}


async def go_to(staff: Staff, address: str) -> Picture:
    """Type an address into the browser's bar and see the page at rest."""
    before = await staff.see()
    await staff.press("Control+l")
    await staff.type(address)
    await staff.press("Enter")
    await staff.wait_change(before, at_least=0.002)
    return await staff.see_resting()


async def test_a_listed_page_is_shown_and_another_is_refused_with_its_reason(city: City, browser: Browser) -> None:
    port = web_port(city)
    async with at_a_browser(city, browser, office_staff()[3]) as staff:
        await staff.enrol()
        await staff.open(POOL)
        await staff.see_desktop()
        await staff.shoot("virtual-browser-start")
        page = await go_to(staff, f"http://{LISTED}:{port}/")
        assert share_of(page, SITES[LISTED].colour) > 0.05
        await staff.shoot("virtual-browser-listed")
        refused = await go_to(staff, f"http://{UNLISTED}:{port}/")
        assert share_of(refused, SITES[UNLISTED].colour) < 0.001
        assert share_of(refused, REFUSAL) > 0.001
        await staff.shoot("virtual-browser-refused")
        inside = await go_to(staff, f"http://127.0.0.1:{port}/")
        assert share_of(inside, REFUSAL) > 0.001
        back = await go_to(staff, f"http://{LISTED}:{port}/")
        assert share_of(back, SITES[LISTED].colour) > 0.05
        blocked = await go_to(staff, "https://" + UNLISTED)
        assert share_of(blocked, SITES[LISTED].colour) < 0.001
        await staff.shoot("virtual-browser-https")
        await wait_until(lambda: UNLISTED in hosts_in_audit(city, "browser.refused"), "no refusal in the audit")
        await wait_until(lambda: LISTED in hosts_in_audit(city, "browser.connected"), "no visit in the audit")
        await staff.log_off()


async def test_after_log_off_nothing_of_a_browser_is_left(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, office_staff()[4]) as staff:
        await staff.enrol()
        session = await staff.open(POOL)
        await staff.see_desktop()
        (row,) = [row for row in city.ask("session", "list") if row["id"] == session]
        desktop = row["desktop_id"]
        folder = city.data_dir / "desktops/.egress" / desktop
        assert (folder / "proxy.sock").is_socket()
        assert (folder / "proxy.sock").stat().st_mode & 0o077 == 0
        await staff.log_off()
    await wait_until(lambda: not folder.exists(), "the way out is still there")
    assert list((city.data_dir / "homes").rglob("*.browser*")) == []


async def test_the_it_desk_sees_what_may_be_reached(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, IT_DESK) as staff:
        await staff.enrol()
        await staff.page.goto(f"{city.url}/console/pools")
        card = staff.page.locator(f"[data-pool='{POOL}']")
        await expect(card).to_contain_text("仮想ブラウザー")
        await card.locator("[data-destinations] summary").click()
        await expect(card.locator("[data-destinations]")).to_contain_text(f"http://{LISTED}:{web_port(city)}")
        await staff.shoot("console-virtual-browser")
    (listed,) = [pool for pool in city.ask("pool", "list") if pool["id"] == POOL]
    assert listed["application"] == "browser"
