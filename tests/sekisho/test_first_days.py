"""Stories of first days in a real browser: the broker's own parts, a real OpenLDAP with password policies."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pyotp
import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright, expect

from broker.model.ids import TenantId
from broker.ports import AuditQuery
from broker.settings import SiteSettings
from broker.store import SqlStore, migrate, open_store
from sekisho.broker_process import Broker
from sekisho.site import check_site, database_url, prepare_data_dir
from tests.parts.slapd import Slapd, run_slapd
from tests.web.conftest import CHROMIUM, free_port
from web.app import create_app
from web.arrival import PortalEntrance

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(120)]

SHOTS = os.environ.get("SEKISHO_SHOTS")
NEW_PASSWORD = "みなと-Lantern-2027"
TRAINING = """
[[pages]]
title_ja = "離席するとき"
text_ja = "席を離れるときは、画面をロックします。**家族にも見せません。**"
question_ja = "自宅で席を離れるときは、どうしますか。"
choices_ja = ["そのままにする", "画面をロックする", "画面の明るさを下げる"]
right = 1
"""
RULES = """# 目的

自宅などから庁内の仮想デスクトップを利用するときに守ることを定めます。

# 守ること

- 画面をほかの人に見せない
- 画面を**撮影しない**、印刷しない
1. 端末を失くしたら、すぐに情報システム担当へ連絡する
2. 利用を終えたら、ログオフする
"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        await chromium.close()


class Office:
    """The portal of a small city on a free port."""

    def __init__(self, url: str, store: SqlStore) -> None:
        self.url = url
        self.store = store

    async def audit(self, event: str, login: str) -> list[str]:
        """Events about one person, oldest first."""
        async with self.store.read() as tx:
            user = await tx.people.find_user(TenantId("demo"), login)
            assert user is not None
            found = await tx.audit.search(TenantId("demo"), AuditQuery(event_prefix=event, limit=1000))
        return [record.event for record in reversed(found) if record.subject == f"user:{user.id}"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with run_slapd(tmp_path_factory.mktemp("slapd")) as running:
        yield running


def site(folder: Path, directory: Slapd, port: int) -> SiteSettings:
    (folder / "bind.password").write_text(directory.service_password.reveal())
    (folder / "bind.password").chmod(0o600)
    (folder / "rules.md").write_text(RULES, "utf-8")
    (folder / "training.toml").write_text(TRAINING, "utf-8")
    found = directory.settings(bind_password_file="bind.password")
    pool = {
        "id": "lgwan-std", "zone": "lgwan", "name_ja": "LGWAN 標準", "name_en": "LGWAN", "kind": "floating",
        "provider": "static", "protocol": "rdp", "entitled_groups": ["telework"],
    }  # fmt: skip
    tenant = {
        "id": "demo", "name_ja": "関所市", "name_en": "Sekisho City", "hostnames": ["localhost"],
        "directory": {**msgspec.to_builtins(found), "roles": {}}, "pools": [pool],
        "zones": [{"id": "lgwan", "name_ja": "LGWAN接続系", "name_en": "LGWAN"}],
        "consent": {
            "version": "2026-1", "dated": "2026-04-01", "text_file": "rules.md", "origins": ["office"],
            "training_file": "training.toml",
        },
    }  # fmt: skip
    portal = {"port": port, "public_url": f"http://localhost:{port}", "segment": "wired", "device": "managed"}
    signin = {"enrol_networks": ["127.0.0.0/8", "::1/128"]}
    raw = {"data_dir": str(folder), "portal": portal, "signin": signin, "tenants": [tenant]}
    return msgspec.convert(raw, SiteSettings)


@pytest.fixture
async def office(tmp_path: Path, directory: Slapd) -> AsyncIterator[Office]:
    port = free_port()
    settings = site(tmp_path, directory, port)
    prepare_data_dir(settings)
    check_site(settings)
    await migrate(database_url(settings))
    store = await open_store(database_url(settings), pool_size=5)
    broker = Broker(settings, store)
    await broker.pools.apply_site(settings)
    app = create_app(broker.services, PortalEntrance(settings.portal))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port).start()
    yield Office(settings.portal.public_url, store)
    await runner.cleanup()
    broker.close()
    await store.close()


async def shoot(page: Page, name: str) -> None:
    if SHOTS:
        for width, height in ((1280, 800), (820, 1180)):
            await page.set_viewport_size({"width": width, "height": height})
            await page.screenshot(path=str(Path(SHOTS) / f"password-{name}-{width}.png"), full_page=True)


async def sign_in_first(page: Page, office: Office, login: str, password: str) -> None:
    """Password, and the enrolment of the app up to the recovery codes."""
    await page.goto(f"{office.url}/login")
    await page.fill("#login", login)
    await page.fill("#password", password)
    await page.locator("main form button[type=submit]").click()
    await expect(page).to_have_url(f"{office.url}/login/enrol")
    key = await page.locator("code.text-key").inner_text()
    await page.fill("#code", pyotp.TOTP("".join(key.split())).now())
    await page.press("#code", "Enter")
    await expect(page.locator(".recovery-codes li")).to_have_count(10)


async def change(page: Page, old: str, new: str, again: str | None = None) -> None:
    await page.fill("#old", old)
    await page.fill("#new", new)
    await page.fill("#again", again or new)
    await page.get_by_role("button", name="変更する").click()


async def confirm_rules(page: Page, office: Office) -> None:
    await expect(page.get_by_role("heading", name="利用規程の確認")).to_be_visible()
    await page.get_by_label("画面をロックする").check()
    await page.locator("#confirmed").check()
    await page.get_by_role("button", name="確認してポータルへ進む").click()
    await expect(page).to_have_url(f"{office.url}/?consent=1")


async def test_whose_password_must_be_changed_changes_it_and_reaches_the_portal(
    office: Office, browser: Browser
) -> None:
    page = await browser.new_page(locale="ja-JP")
    await sign_in_first(page, office, "mustchange", "mustchange-secret")
    await page.get_by_role("link", name="保管したのでパスワードの変更へ進む").click()
    await expect(page).to_have_url(f"{office.url}/login/password")
    await expect(page.locator("#rules")).to_contain_text("10文字以上")
    await page.locator("#new").press("CapsLock")
    await shoot(page, "demanded")
    # Nothing else opens yet.
    assert (await page.context.request.get(f"{office.url}/", max_redirects=0)).status == 303

    await change(page, "mustchange-secret", "short-one")
    await expect(page.get_by_role("alert")).to_contain_text("短すぎます")
    await shoot(page, "too-short")
    await change(page, "mustchange-secret", NEW_PASSWORD, "another-one-27")
    await expect(page.get_by_role("alert")).to_contain_text("一致しません")
    await change(page, "not-my-password", NEW_PASSWORD)
    await expect(page.get_by_role("alert")).to_contain_text("現在のパスワードが正しくありません")
    await change(page, "mustchange-secret", NEW_PASSWORD)
    await expect(page.get_by_role("status")).to_contain_text("パスワードを変更しました")
    await confirm_rules(page, office)
    await expect(page.get_by_role("heading", name="仮想デスクトップ")).to_be_visible()
    await shoot(page, "portal")

    assert (await office.audit("password", "mustchange"))[-1] == "password.changed"
    # From now on the new one counts, and the old one does not.
    await page.goto(f"{office.url}/password")
    await change(page, "mustchange-secret", "copper orchard 84")
    await expect(page.get_by_role("alert")).to_contain_text("現在のパスワードが正しくありません")
    await change(page, NEW_PASSWORD, "mustchange-secret")
    await expect(page.get_by_role("alert")).to_contain_text("以前に使ったパスワード")
    await shoot(page, "own")
    await change(page, NEW_PASSWORD, "copper orchard 84")
    await expect(page.get_by_role("status").first).to_contain_text("パスワードを変更しました")
    await page.context.close()


async def test_nothing_opens_before_the_rules_of_use_are_confirmed(office: Office, browser: Browser) -> None:
    page = await browser.new_page(locale="ja-JP")
    await sign_in_first(page, office, "yamada", "yamada-secret")
    await page.get_by_role("link", name="保管したのでポータルへ進む").click()
    await expect(page).to_have_url(f"{office.url}/consent")
    await expect(page.locator("main")).to_contain_text("2026-1 版")
    await shoot(page, "consent")

    # Who puts it off sees why nothing opens.
    await page.get_by_role("link", name="あとで確認する").click()
    card = page.locator("[data-pool='lgwan-std']")
    await expect(card).to_contain_text("利用規程の確認が済んでいません")
    await page.goto(f"{office.url}/pools/lgwan-std/why")
    await expect(page.locator("main")).to_contain_text("現在の利用規程を確認していること")
    await page.goto(f"{office.url}/consent")

    await page.get_by_label("そのままにする").check()
    await page.locator("#confirmed").check()
    await page.get_by_role("button", name="確認してポータルへ進む").click()
    await expect(page.get_by_role("alert")).to_contain_text("正しくない解答があります")
    await shoot(page, "consent-wrong")
    await page.locator("#confirmed").check()
    await confirm_rules(page, office)
    await expect(card.locator("form[action$='/open'] button")).to_be_visible()
    assert await office.audit("consent", "yamada") == ["consent.given"]
    await page.get_by_role("link", name="利用規程を読む").click()
    await expect(page.get_by_role("status")).to_contain_text("確認済みです")
    await page.context.close()
