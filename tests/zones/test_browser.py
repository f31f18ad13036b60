"""A real browser on the office's wires: password, code, and a desktop of the resident zone on its screen."""

import asyncio

import msgspec
import pytest
from playwright.async_api import async_playwright

from tests.flows.conftest import CHROMIUM, FLAGS
from tests.flows.staff import Staff, count_colours, share_changed
from tests.separation.ledger import Ledger
from tests.zones.map import BY_ID, RESIDENT
from tests.zones.namespaces import in_namespace
from tests.zones.people import People
from tests.zones.site import POOL_OF_ZONE, host_name
from tests.zones.staff import Member

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(180)]


class Office(msgspec.Struct, frozen=True):
    """The portal as it is seen from the office."""

    member: Member

    @property
    def url(self) -> str:
        return f"https://{host_name('office')}"

    def password_of(self, login: str) -> str:
        assert login == self.member.login
        return self.member.password


async def work(office: Office) -> tuple[int, float]:
    """Colours that were seen, and how much of the picture changed by typing."""
    entrance = BY_ID["entrance-office"].address
    names = f"--host-resolver-rules=MAP {host_name('office')} {entrance}"
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, names])
        # Its certificate comes from an authority of the test's own.
        context = await chromium.new_context(
            locale="ja-JP", viewport={"width": 1280, "height": 800}, ignore_https_errors=True
        )
        staff = Staff(office, context, await context.new_page(), office.member.login)
        await staff.enrol()
        await staff.open(POOL_OF_ZONE[RESIDENT])
        before = await staff.see_desktop()
        await staff.shoot("resident-from-the-office")
        await staff.click_at(0.3, 0.3)
        await staff.type("echo sekisho\n")
        after = await staff.wait_change(before)
        await staff.log_off()
        await chromium.close()
        return count_colours(before), share_changed(before, after)


def test_a_desktop_of_the_resident_zone_on_the_screen(people: People, ledger: Ledger) -> None:
    office = Office(people.newcomer())
    colours, changed = in_namespace("client-office", lambda: asyncio.run(work(office)))
    ledger.record("zones", "browser", paths=1, finds=[], colours=colours)
    assert colours > 8
    assert changed > 0
