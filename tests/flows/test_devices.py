"""A mobile PC over a closed SIM line: handed out by the IT desk, used, lost, and shut out within seconds."""

import contextlib
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from playwright._impl._api_structures import ClientCertificate
from playwright.async_api import Browser, expect

from broker.settings import load_settings
from sekisho.demo.city import demo_accounts
from tests.flows.city import City, office_staff, running_city
from tests.flows.sim_demo import ENTRANCE, paths_of
from tests.flows.staff import Staff, at_a_browser

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(240)]
IT_DESK = demo_accounts()[2].uid
HOLDER, COLLEAGUE = office_staff()[30:32]
POOL = "lgwan-desktop"
GONE_WITHIN_S = 10.0


class Line(msgspec.Struct, frozen=True):
    """The city, and its closed SIM line's address."""

    city: City
    url: str


class HandedOut(msgspec.Struct, frozen=True):
    """What the desk hands over."""

    key_file: Path
    password: str
    page: str


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with (
        tempfile.TemporaryDirectory(prefix="line") as folder,
        running_city(Path(folder) / "c", program=("tests.flows.sim_demo",)) as city,
        running_proxy(city) as url,
    ):
        yield Line(city, url)


@contextlib.contextmanager
def running_proxy(city: City) -> Iterator[str]:
    """HAProxy as an operator sets it up: the device authority exported, its configuration written by us."""
    authority, configuration = paths_of(city.data_dir)
    authority.parent.mkdir()
    city.sekisho("device", "export-ca", "--out", str(authority))
    configuration.write_text(city.sekisho("entrance", "config", ENTRANCE).stdout)
    with (authority.parent / "haproxy.log").open("wb") as log:
        proxy = subprocess.Popen(["haproxy", "-db", "-f", str(configuration)], stdout=log, stderr=log)
    try:
        url = load_settings(city.data_dir / "site.toml").entrances[0].public_url
        wait_until_served(url, proxy, Path(log.name))
        yield url
    finally:
        proxy.terminate()
        proxy.wait(10)


def wait_until_served(url: str, proxy: subprocess.Popen[bytes], log: Path) -> None:
    """Until the password step is answered through the proxy."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    give_up_at = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/login", context=trust, timeout=5) as answer:
            assert answer.status == 200
            return
        assert proxy.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < give_up_at, log.read_text(errors="replace")
        time.sleep(0.1)


@asynccontextmanager
async def on_the_line(line: Line, browser: Browser, login: str, device: HandedOut | None) -> AsyncIterator[Staff]:
    """A browser on a mobile PC; without a device it has no certificate."""
    shown: list[ClientCertificate] = []
    if device is not None:
        shown.append({"origin": line.url, "pfxPath": device.key_file, "passphrase": device.password})
    context = await browser.new_context(
        locale="ja-JP",
        viewport={"width": 1280, "height": 800},
        ignore_https_errors=True,
        client_certificates=shown,
    )
    page = await context.new_page()
    state = msgspec.structs.replace(line.city.state, portal_url=line.url)
    try:
        yield Staff(msgspec.structs.replace(line.city, state=state), context, page, login)
    finally:
        await context.close()


async def hand_out(desk: Staff, name: str, folder: Path) -> HandedOut:
    """In the console: a name, an owner, and the key file off the page."""
    await desk.page.goto(f"{desk.city.url}/console/devices/enrol")
    await desk.page.fill("#name", name)
    await desk.page.fill("#owner", HOLDER)
    await desk.page.fill("#sim_line", "090-0000-0001")
    await desk.page.get_by_role("button", name="登録して証明書を発行").click()
    await desk.shoot("device-issued")
    password = await desk.page.locator("#password").inner_text()
    async with desk.page.expect_download() as coming:
        await desk.page.locator("#key-file").click()
    key_file = folder / f"{name}.p12"
    await (await coming.value).save_as(key_file)
    page = await desk.page.get_by_role("link", name="この端末の画面へ").get_attribute("href")
    return HandedOut(key_file, password, f"{desk.city.url}{page}")


async def test_a_lost_device_is_out_within_ten_seconds(line: Line, browser: Browser, tmp_path: Path) -> None:
    city = line.city
    for login in (HOLDER, COLLEAGUE):
        city.sekisho("approval", "set", login, "--until", "2099-03-31", "--reason", "モバイルワーク")
    async with at_a_browser(city, browser, IT_DESK) as desk:
        await desk.enrol()
        device = await hand_out(desk, "PC-0101", tmp_path)
        async with on_the_line(line, browser, HOLDER, device) as holder:
            await holder.enrol()
            await holder.page.goto(f"{line.url}/")
            await expect(holder.page.locator(".about-me")).to_contain_text("貸与端末 証明書：有効")
            await holder.shoot("device-portal")
            session = await holder.open(POOL)

            await desk.page.goto(device.page)
            await desk.page.get_by_role("link", name="失効").click()
            await desk.page.fill("[name=reason]", "電車内に置き忘れ")
            began = time.monotonic()
            await desk.page.locator("main form button[type=submit]").click()
            await holder.wait_state("ended", timeout_ms=int(GONE_WITHIN_S * 1000))
            took_s = time.monotonic() - began
            assert took_s < GONE_WITHIN_S, took_s
            await expect(holder.page.locator("html")).to_have_attribute("data-end-reason", "device_refused")
            await holder.shoot("device-revoked")
            await holder.page.goto(f"{line.url}/")
            await expect(holder.page).to_have_url(f"{line.url}/login?ended=1")

            await holder.give_password()
            await holder.give_code(holder.recovery_codes[0])
            await expect(holder.page.locator(".about-me")).to_contain_text("未登録の端末 証明書：失効")
            await expect(holder.page.locator(f"[data-pool='{POOL}']")).to_have_attribute("data-card", "refused")

    assert city.live_sessions(HOLDER) == []
    record = city.audit("device.revoked")[0]
    assert (record["detail"]["reason"], record["detail"]["web_sessions"]) == ("電車内に置き忘れ", "1")
    ended = [row for row in city.audit("session.ended") if row["subject"] == f"session:{session}"]
    assert ended[0]["detail"]["reason"] == "device_refused"


async def test_without_a_certificate_the_line_opens_no_desktop(line: Line, browser: Browser) -> None:
    async with on_the_line(line, browser, COLLEAGUE, None) as colleague:
        await colleague.enrol()
        await colleague.page.goto(f"{line.url}/")
        await expect(colleague.page.locator(".about-me")).to_contain_text("未登録の端末 証明書：なし")
        await expect(colleague.page.locator(f"[data-pool='{POOL}']")).to_have_attribute("data-card", "refused")
