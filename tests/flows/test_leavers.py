"""Somebody leaves the city hall, somebody else moves to another office: their desktops end without the desk's doing."""

import os
import subprocess
import tomllib

import pytest
from playwright.async_api import Browser, expect

from sekisho.demo.city import Group, staff
from sekisho.demo.ldif import ADMIN_DN, GROUPS_DN, person_dn
from sekisho.demo.run import load_secrets
from tests.flows.city import City, office_staff
from tests.flows.staff import at_a_browser

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(200)]
LEAVER, MOVER = office_staff()[60:62]
TWO_ROUNDS_MS = 60_000


def change_directory(city: City, program: str, *arguments: str, text: str = "") -> None:
    """As the directory's own administrator would, not by any part of ours."""
    directory = tomllib.loads((city.data_dir / "site.toml").read_text("utf-8"))["tenants"][0]["directory"]
    password = load_secrets(city.data_dir).directory["admin"].reveal()
    command = [program, "-ZZ", "-H", directory["url"], "-D", ADMIN_DN, "-x", "-w", password, *arguments]
    environment = os.environ | {"LDAPTLS_CACERT": directory["ca_file"]}
    subprocess.run(command, input=text, text=True, check=True, capture_output=True, timeout=30, env=environment)


async def test_who_left_the_directory_loses_portal_and_desktop(city: City, browser: Browser) -> None:
    leaver = next(person for person in staff() if person.uid == LEAVER)
    async with at_a_browser(city, browser, LEAVER) as person:
        await person.enrol()
        await person.open("lgwan-desktop")
        change_directory(city, "ldapdelete", person_dn(leaver))
        await person.wait_state("ended", TWO_ROUNDS_MS)
        await expect(person.page.locator("html")).to_have_attribute("data-end-reason", "account_locked")
        await person.page.goto(f"{city.url}/")
        await expect(person.page).to_have_url(f"{city.url}/login?ended=1")
    assert city.live_sessions(LEAVER) == []
    ladder = [record["event"] for record in city.ask("audit", "list", "--text", LEAVER, "--limit", "100")]
    assert [event for event in ladder if event in {"user.missed", "user.left"}] == ["user.left", "user.missed"]


async def test_who_leaves_a_group_loses_its_desktop_and_stays_signed_in(city: City, browser: Browser) -> None:
    mover = next(person for person in staff() if person.uid == MOVER)
    async with at_a_browser(city, browser, MOVER) as person:
        await person.enrol()
        await person.open("lgwan-desktop")
        change = f"dn: cn={Group.LGWAN_DESKTOP.value},{GROUPS_DN}\nchangetype: modify\ndelete: member\n"
        change_directory(city, "ldapmodify", text=f"{change}member: {person_dn(mover)}\n")
        await person.wait_state("ended", TWO_ROUNDS_MS)
        await expect(person.page.locator("html")).to_have_attribute("data-end-reason", "entitlement_lost")
        await person.page.goto(f"{city.url}/")
        await expect(person.page).to_have_url(f"{city.url}/")
    lost = [record["detail"].get("lost") for record in city.audit("user.changed")]
    assert Group.LGWAN_DESKTOP.value in lost
