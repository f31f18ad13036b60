"""Two of the IT desk let something through together, and one alone takes it back; everybody sees the mode."""

import subprocess
import sys

import pytest
from playwright.async_api import Browser, expect

from sekisho.demo.city import Group, staff
from tests.flows.city import City, staff_with_everything
from tests.flows.staff import Staff, at_a_browser

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(300)]
FIRST, SECOND = (person.uid for person in [each for each in staff() if Group.IT_DESK in each.groups][1:4:2])
CLERK = staff_with_everything()[17]
POOL = "resident-desktop"


def is_let_in(city: City, segment: str) -> bool:
    """What the door would say to the clerk on a line of this kind."""
    place = ("--origin", "office", "--device", "managed", "--segment", segment)
    answer = city.ask("policy", "explain", "--user", CLERK, "--pool", POOL, *place)
    return bool(answer["is_allowed"])


def sekisho_as(city: City, person: Staff, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that asks for the person's password and code; a recovery code needs no waiting."""
    command = [sys.executable, "-m", "sekisho", "--config", str(city.data_dir / "site.toml"), *arguments]
    typed = f"{city.password_of(person.login)}\n{person.recovery_codes.pop()}\n"
    # Without a terminal of its own, so that what is typed unseen is read from the standard input.
    return subprocess.run(
        [*command, "--as", person.login], input=typed, capture_output=True, text=True, timeout=60, check=False,
        start_new_session=True,
    )  # fmt: skip


async def ask_for_wireless(desk: Staff) -> str:
    """Fill in the form as people do; the id of the request."""
    await desk.page.goto(f"{desk.city.url}/console/exceptions/new")
    await desk.page.fill("#reason", "窓口の改修工事")
    await desk.page.fill("#ends_on", "2027-03-31")
    await desk.page.locator(f"[name='pool-{POOL}']").check()
    await desk.page.locator("[name='segment-wireless']").check()
    await desk.shoot("exception-form")
    await desk.page.locator("main form button[type=submit]").click()
    await expect(desk.page.locator(".note.success")).to_contain_text("別の管理者が承認すると有効になります")
    return desk.page.url.partition("/changes/")[2].partition("?")[0]


async def test_one_asks_another_approves_and_it_ends_when_revoked(city: City, browser: Browser) -> None:
    async with (
        at_a_browser(city, browser, FIRST) as first,
        at_a_browser(city, browser, SECOND) as second,
        at_a_browser(city, browser, CLERK) as clerk,
    ):
        for person in (first, second, clerk):
            await person.enrol()
        change_id = await ask_for_wireless(first)
        await expect(first.page.locator("[name=decision][value=approved]")).to_have_count(0)
        assert not is_let_in(city, "wireless")

        await second.page.goto(f"{city.url}/console/changes/{change_id}")
        await second.page.fill("#reason", "総務課と確認済み")
        await second.shoot("exception-decision")
        await second.page.locator("[value=approved]").click()
        await expect(second.page.locator(".note.success")).to_be_visible()
        assert is_let_in(city, "wireless")
        assert city.ask("exception", "list")[0]["state"] == "approved"

        city.sekisho("change", "revoke", change_id, "--reason", "工事が終わった")
        assert not is_let_in(city, "wireless")

        asked = sekisho_as(city, first, "--json", "exception", "request", "--until", "2027-03-31", "--pool", POOL,
                           "--segment", "wireless", "--reason", "もう一度")  # fmt: skip
        assert asked.returncode == 0, asked.stderr
        again = city.ask("exception", "list")[0]["id"]
        own = sekisho_as(city, first, "change", "approve", again, "--reason", "自分で")
        assert (own.returncode, "own_request" in own.stderr) == (1, True), own.stderr
        done = sekisho_as(city, second, "change", "approve", again, "--reason", "確認済み")
        assert done.returncode == 0, done.stderr
        city.sekisho("change", "revoke", again, "--reason", "片付け")
        events = [record["event"] for record in city.audit("exception.")]
        assert (events.count("exception.approved"), events.count("exception.revoked")) == (2, 2)
        await see_the_drill(city, clerk)


async def see_the_drill(city: City, clerk: Staff) -> None:
    """A drill is on every page, and changes nothing."""
    city.sekisho("mode", "set", "maintenance", "--drill", "--reason", "年次訓練")
    await clerk.page.goto(f"{city.url}/")
    await expect(clerk.page.locator(".mode-banner")).to_contain_text("訓練中")
    await clerk.shoot("drill-banner")
    assert is_let_in(city, "wired")
    city.sekisho("mode", "set", "normal", "--reason", "訓練の終わり")
    await clerk.page.reload()
    await expect(clerk.page.locator(".mode-banner")).to_have_count(0)
