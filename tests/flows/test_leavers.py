"""Somebody leaves the city hall, somebody else moves to another office: their desktops end without the desk's doing."""

import os
import subprocess
import sys
import time
import tomllib
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from sekisho.demo.city import Group, staff
from sekisho.demo.ldif import ADMIN_DN, GROUPS_DN, person_dn
from sekisho.demo.run import load_secrets
from tests.flows.city import City, office_staff
from tests.flows.staff import Staff, at_a_browser
from tests.flows.test_limits import changed_site

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(200)]
IT_DESK = [person.uid for person in staff() if Group.IT_DESK in person.groups][4]
LEAVER, MOVER, LOCKED, SLOW_LEAVER = office_staff()[60:64]
AT_ONCE_S, BY_REVIEW_S = 10.0, 300.0
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


async def take_measure(desk: Staff, user_id: str, measure: str) -> None:
    """As the desk does it in the console: the page of one person, a reason, the button."""
    await desk.page.goto(f"{desk.city.url}/console/people/{user_id}/{measure}")
    await desk.page.fill("[name=reason]", "本人からの連絡")
    await desk.page.locator("main form button[type=submit]").click()


async def test_whom_the_desk_locks_is_out_within_ten_seconds_and_back_by_unlocking(
    city: City, browser: Browser
) -> None:
    async with at_a_browser(city, browser, IT_DESK) as desk, at_a_browser(city, browser, LOCKED) as person:
        await desk.enrol()
        await person.enrol()
        await person.open("lgwan-desktop")
        user_id = city.ask("user", "list", LOCKED)[0]["id"]
        began = time.monotonic()
        await take_measure(desk, user_id, "lock")
        await person.wait_state("ended", int(AT_ONCE_S * 1000))
        await person.page.goto(f"{city.url}/")
        await expect(person.page).to_have_url(f"{city.url}/login?ended=1")
        assert time.monotonic() - began < AT_ONCE_S
        assert city.live_sessions(LOCKED) == []
        await desk.page.goto(f"{city.url}/console/people/{user_id}")
        await expect(desk.page.locator("[data-hindrance=locked]")).to_be_visible()
        await desk.shoot("person-locked")
        await take_measure(desk, user_id, "unlock")
        await person.give_password()
        await person.give_code(person.recovery_codes[0])
        await expect(person.page.locator("[data-pool=lgwan-desktop]")).to_be_visible()
    ladder = [record["event"] for record in city.audit("user.") if record["subject"] == f"user:{user_id}"]
    assert ladder[:2] == ["user.unlocked", "user.locked"]


def by_default(tenant: dict[str, Any]) -> None:
    del tenant["directory"]["recheck_interval_s"]


@pytest.mark.full
@pytest.mark.timeout(600)
async def test_at_the_default_interval_a_desktop_ends_within_five_minutes(city: City, browser: Browser) -> None:
    leaver = next(person for person in staff() if person.uid == SLOW_LEAVER)
    async with changed_site(city, by_default), at_a_browser(city, browser, SLOW_LEAVER) as person:
        await person.enrol()
        await person.open("lgwan-desktop")
        began = time.monotonic()
        change_directory(city, "ldapdelete", person_dn(leaver))
        await person.wait_state("ended", int(BY_REVIEW_S * 1000))
        took_s = time.monotonic() - began
        await expect(person.page.locator("html")).to_have_attribute("data-end-reason", "account_locked")
        await person.page.goto(f"{city.url}/")
        await expect(person.page).to_have_url(f"{city.url}/login?ended=1")
    sys.stdout.write(f"a leaver's desktop ended after {took_s:.0f} s at the default interval\n")
    assert took_s < BY_REVIEW_S
