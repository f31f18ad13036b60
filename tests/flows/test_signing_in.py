"""At the door: codes count once, refusals say nothing, recovery codes and sign-out everywhere work."""

import time

import pytest
from playwright.async_api import Browser, expect

from tests.flows.city import City, office_staff
from tests.flows.staff import Staff, at_a_browser

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(200)]
STAFF = office_staff()[10:]


async def what_the_page_says(staff: Staff) -> str:
    return await staff.page.locator("main").inner_text()


async def test_a_code_counts_once_and_a_recovery_code_too(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[0]) as staff:
        await staff.enrol()
        assert staff.totp is not None
        used = staff.totp.now()
        await staff.sign_out()

        # The code that confirmed the enrolment does not open the door again.
        await staff.give_password()
        await expect(staff.page).to_have_url(f"{city.url}/login/code")
        await staff.shoot("code")
        await staff.give_code(used)
        await expect(staff.page).to_have_url(f"{city.url}/login/code")
        assert city.audit("signin.refused")[0]["detail"]["cause"] in {"code_replayed", "wrong_code"}

        # A recovery code does, once; typed carelessly, as from paper.
        await staff.give_code(f" {staff.recovery_codes[0].lower()} ")
        await expect(staff.page.locator("[data-pool]")).to_have_count(4)
        await staff.sign_out()
        await staff.give_password()
        await staff.give_code(staff.recovery_codes[0])
        await expect(staff.page).to_have_url(f"{city.url}/login/code")

        # A code in full-width digits, as a Japanese input method writes them.
        code = staff.totp.at(int(time.time()) + 30)
        await staff.give_code(code.translate({ord("0") + digit: ord("０") + digit for digit in range(10)}))
        await expect(staff.page.locator("[data-pool]")).to_have_count(4)


async def test_every_refusal_reads_the_same(city: City, browser: Browser) -> None:
    said: set[str] = set()
    for login, password in (
        ("nobody.here", "x"),
        (STAFF[1], "wrong"),
        ("*", "x"),
        (f"{STAFF[1]})(uid=*", "x"),
        ("山田", "x"),
    ):
        async with at_a_browser(city, browser, login) as stranger:
            await stranger.give_password(password)
            await expect(stranger.page).to_have_url(f"{city.url}/login/code")
            await stranger.give_code("123456")
            said.add(await what_the_page_says(stranger))
    assert len(said) == 1
    causes = {record["detail"].get("cause") for record in city.audit("signin.password_checked")}
    assert {"unknown_user", "wrong_password"} <= causes


async def test_signing_out_everywhere_ends_the_other_browser(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[2]) as staff, at_a_browser(city, browser, STAFF[2]) as other:
        await staff.enrol()
        await other.give_password()
        await other.give_code(staff.recovery_codes[0])
        await other.open("lgwan-desktop")

        await staff.page.goto(f"{city.url}/")
        await staff.page.locator("form[action='/signout/everywhere'] button").click()
        await expect(staff.page).to_have_url(f"{city.url}/login")
        await other.wait_state("ended")
        await other.page.goto(f"{city.url}/")
        await expect(other.page).to_have_url(f"{city.url}/login?ended=1")
        assert city.live_sessions(STAFF[2])[0]["state"] == "disconnected"


async def test_a_cookie_of_the_portal_is_out_of_reach_of_scripts_and_other_sites(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF[3]) as staff:
        await staff.enrol()
        cookies = {cookie["name"]: cookie for cookie in await staff.context.cookies()}
        for name, same_site in (("__Host-sekisho_session", "Lax"), ("__Host-sekisho_tunnel", "Strict")):
            cookie = cookies[name]
            assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, same_site)
            assert (cookie["domain"], cookie["path"]) == ("localhost", "/")
        assert await staff.page.evaluate("document.cookie") in {"", "sekisho_lang=ja"}
        assert await staff.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
