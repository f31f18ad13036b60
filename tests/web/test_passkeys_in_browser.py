"""Passkeys in a real browser with its virtual authenticator (CDP, domain WebAuthn), against the real sign-in."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, expect

from broker.model.kinds import Role
from broker.model.passkeys import PasskeyRules
from broker.model.records import Tenant
from broker.network_settings import PortalSettings
from broker.people.tenants import TenantDirectory
from broker.store import SqlStore
from tests.broker.signin.city import HOST, TENANT, City, make_settings
from tests.fakes.authenticator import FakeAuthenticator, FakePerson
from tests.web.conftest import free_port
from tests.web.fakes import FakeCity
from web.app import create_app
from web.arrival import PortalEntrance
from web.context import Services

pytestmark = pytest.mark.browser
_CODE_FORM = "main form:has(#code) button"


class Town:
    """A city with the real sign-in, at two addresses of which one is its own."""

    def __init__(self, city: City, url: str, phishing_url: str) -> None:
        self.city = city
        self.url = url
        self.phishing_url = phishing_url


@pytest.fixture
async def town(sqlite_store: SqlStore) -> AsyncIterator[Town]:
    """Administrators need a passkey. The second address shows the same pages, and is not in the settings."""
    ports = free_port(), free_port()
    urls = [f"http://localhost:{port}" for port in ports]
    async with sqlite_store.write() as tx:
        names = frozenset({"localhost", HOST})
        await tx.people.put_tenant(Tenant(id=TENANT, name_ja="関所市", name_en="Sekisho", hostnames=names))
    rules = PasskeyRules(
        name="関所市",
        origins={"localhost": frozenset({urls[0]})},
        required_roles=frozenset({Role.TENANT_ADMIN}),
    )
    directory = FakeAuthenticator(
        FakePerson(login="yamada", password="yamada-secret"),
        FakePerson(login="desk", password="desk-secret", roles=frozenset({Role.TENANT_ADMIN})),
    )
    settings = make_settings(enrol_networks=["127.0.0.0/8", "::1/128", "10.0.0.0/8"])
    city = City(sqlite_store, directory, settings=settings, passkey_rules=rules)
    services = replace(
        FakeCity().services(),
        tenants=TenantDirectory(sqlite_store),
        signin=city.signin,
        passkeys=city.signin.passkeys,
        own_factors=city.signin.factors,
    )
    async with AsyncExitStack() as stack:
        for port, url in zip(ports, urls, strict=True):
            await stack.enter_async_context(_serving(services, port, url))
        yield Town(city, *urls)


@asynccontextmanager
async def _serving(services: Services, port: int, url: str) -> AsyncIterator[None]:
    settings = PortalSettings(port=port, public_url=url, tunnel_url=f"ws://localhost:{port}/tunnel")
    runner = web.AppRunner(create_app(services, PortalEntrance(settings)), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port).start()
    yield
    await runner.cleanup()


class Person:
    """Somebody at a browser, with security keys to plug in and out."""

    def __init__(self, context: BrowserContext, page: Page, cdp: CDPSession) -> None:
        self.context = context
        self.page = page
        self.cdp = cdp
        self.faults: list[str] = []
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("console", self._listen)

    def _listen(self, line: Any) -> None:
        if "Content Security Policy" in line.text:
            self.faults.append(line.text)

    async def plug_in(self) -> str:
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = await self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return str(added["authenticatorId"])

    async def plug_out(self, key: str) -> Any:
        """What was on it."""
        held = await self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": key})
        await self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})
        return held["credentials"]

    async def give_password(self, url: str, login: str) -> None:
        await self.page.goto(f"{url}/login")
        await self.page.fill("#login", login)
        await self.page.fill("#password", f"{login}-secret")
        await self.page.locator("main form button").click()

    async def use_passkey(self) -> None:
        await self.page.get_by_role("button", name="パスキーを使う").click()

    async def make_passkey(self, name: str) -> None:
        await self.page.fill("#passkey-name", name)
        await self.page.get_by_role("button", name="パスキーを登録する").click()

    async def sign_out(self, url: str) -> None:
        await self.page.goto(f"{url}/")
        await self.page.locator("form[action='/signout'] button").click()
        await expect(self.page).to_have_url(f"{url}/login")


@pytest.fixture
async def person(browser: Browser) -> AsyncIterator[Person]:
    context = await browser.new_context(locale="ja-JP", viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    cdp = await context.new_cdp_session(page)
    await cdp.send("WebAuthn.enable")
    someone = Person(context, page, cdp)
    yield someone
    await context.close()
    assert someone.faults == []


@pytest.mark.timeout(120)
async def test_a_passkey_from_its_first_day_to_its_removal(town: Town, person: Person) -> None:
    page, city = person.page, town.city
    first = await person.plug_in()
    await person.give_password(town.url, "yamada")
    await expect(page).to_have_url(f"{town.url}/login/enrol")
    await page.get_by_text("認証アプリの代わりにパスキーを登録する").click()
    await person.make_passkey("職場のセキュリティキー")
    await expect(page.get_by_text("パスキーを登録しました。")).to_be_visible()
    await page.get_by_role("link", name="保管したのでポータルへ進む").click()
    await person.sign_out(town.url)

    await person.give_password(town.url, "yamada")
    async with page.expect_request(lambda request: request.url.endswith("/login/passkey")) as sent:
        await person.use_passkey()
    await expect(page).to_have_url(f"{town.url}/")
    answer = (await sent.value).post_data_json["answer"]  # type: ignore[index]  # a form, as a mapping
    await person.sign_out(town.url)

    await person.give_password(town.url, "yamada")
    await page.evaluate(
        "(answer) => { const form = document.querySelector('form[data-passkey]');"
        " form.elements.answer.value = answer; form.submit(); }",
        answer,
    )
    await expect(page.get_by_role("alert")).to_contain_text("パスキーで確認できませんでした")
    assert (await city.causes())[0] == "passkey_challenge", "what signed in before signs in no more"

    await person.give_password(town.phishing_url, "yamada")
    await person.use_passkey()
    await expect(page.get_by_role("alert")).to_contain_text("パスキーで確認できませんでした")
    assert (await city.causes())[0] == "passkey_origin", "the page of another origin"

    await person.give_password(town.url, "yamada")
    await person.use_passkey()
    await expect(page).to_have_url(f"{town.url}/")
    [old] = await person.plug_out(first)
    await person.plug_in()
    await page.goto(f"{town.url}/factors")
    await page.get_by_text("パスキーを追加する").click()
    await person.make_passkey("予備の鍵")
    await expect(page.locator("[data-passkey-name='予備の鍵']")).to_be_visible()
    row = page.locator("[data-passkey-name='職場のセキュリティキー']")
    await row.get_by_text("名前の変更・削除").click()
    await row.get_by_role("button", name="このパスキーを削除する").click()
    await expect(page.get_by_text("パスキーを削除しました。")).to_be_visible()
    await person.sign_out(town.url)

    await person.cdp.send("WebAuthn.disable")
    await person.cdp.send("WebAuthn.enable")
    lost = await person.plug_in()
    await person.cdp.send("WebAuthn.addCredential", {"authenticatorId": lost, "credential": old})
    await person.give_password(town.url, "yamada")
    await person.use_passkey()
    await expect(page.get_by_role("alert")).to_contain_text("パスキーで確認できませんでした")
    assert (await city.causes())[0] == "passkey_unknown", "a removed key"


@pytest.mark.timeout(120)
async def test_an_administrator_is_led_to_the_passkey_that_the_console_wants(town: Town, person: Person) -> None:
    page, city = person.page, town.city
    await city.enrol("desk")
    await person.plug_in()
    await person.give_password(town.url, "desk")
    await page.fill("#code", await city.app_code("desk"))
    await page.locator(_CODE_FORM).click()
    await expect(page).to_have_url(f"{town.url}/")
    await page.goto(f"{town.url}/console")
    await expect(page.get_by_text("管理コンソールを使うには、パスキーが必要です")).to_be_visible()
    await person.make_passkey("管理用の鍵")
    await page.get_by_role("link", name="パスキーで本人確認をする").click()
    await person.use_passkey()
    await expect(page).to_have_url(f"{town.url}/console/pools")
    await person.sign_out(town.url)
    await person.give_password(town.url, "desk")
    await person.use_passkey()
    await expect(page).to_have_url(f"{town.url}/")
    await page.goto(f"{town.url}/console")
    await expect(page).to_have_url(f"{town.url}/console/pools")


@pytest.mark.timeout(60)
async def test_who_has_no_key_at_hand_is_told_and_goes_on_by_code(town: Town, person: Person) -> None:
    page, city = person.page, town.city
    await city.enrol("yamada")
    await person.plug_in()
    await person.give_password(town.url, "yamada")
    await person.use_passkey()
    await expect(page.get_by_text("この端末にこのポータルのパスキーがありません")).to_be_visible()
    await page.fill("#code", await city.app_code("yamada"))
    await page.locator(_CODE_FORM).click()
    await expect(page).to_have_url(f"{town.url}/")
