"""The IT desk hands out devices in the console, and takes them back; a person hears of an end that is near."""

import base64
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser

from broker.device.records import ExpiryWarning
from broker.model.kinds import CertificateState, DeviceKind
from tests.web.browsing import Visitor
from tests.web.fake_devices import PASSWORD, make_device
from tests.web.fakes import FakeCity
from tests.web.in_browser import signed_in_page
from tests.web.people import DESK, NOW

ROOT = "/api/v1/admin"
DEVICES = "/console/devices"
NEW = {"name": "PC-0200", "kind": "managed", "owner": "p1001", "sim_line": "080-0000-0200", "request": ""}


def read(text: str) -> Any:
    return msgspec.json.decode(text)


async def test_a_desk_without_devices_is_told_how_to_begin(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get(DEVICES)
    assert "登録された端末はありません" in page.text
    assert "該当する端末はありません" in (await visitor.get(f"{DEVICES}?q=PC-9")).text


async def test_the_list_shows_what_needs_the_desks_eye(visitor: Visitor, city: FakeCity) -> None:
    city.devices.put(
        make_device("PC-0101"),
        make_device("PC-0102", 13),
        make_device("PC-0103", -5, owner=None),
        make_device("PC-0104", kind=DeviceKind.BYOD, revoked_at=NOW, revoke_reason="紛失", last_seen_at=None),
    )
    await visitor.sign_in("p9001")
    page = await visitor.get(DEVICES)
    for shown in ("残り13日", "期限切れ", "失効", "共用", "私物端末", "60日以内の端末が1台", "切れた端末が1台"):
        assert shown in page.text
    assert "PC-0102" not in (await visitor.get(f"{DEVICES}?q=0101")).text


async def test_the_desk_enrols_a_device_and_sees_the_key_file_once(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get(f"{DEVICES}/enrol")
    refused = await visitor.submit(f"{DEVICES}/enrol", **NEW | {"name": ""})
    assert (refused.status, 'href="#name"' in refused.text) == (422, True)
    assert "p1001" in refused.text, "what was typed is still there"
    done = await visitor.submit(f"{DEVICES}/enrol", **NEW)
    assert done.status == 200
    assert PASSWORD in done.text
    assert base64.b64encode(b"PKCS#12 in name only").decode() in done.text
    assert 'download="PC-0200.p12"' in done.text
    assert done.headers["Cache-Control"] == "no-store"
    order = city.devices.orders[-1]
    assert (order.kind, order.owner, order.sim_line) == (DeviceKind.MANAGED, "p1001", "080-0000-0200")
    await visitor.get(f"{DEVICES}/enrol")
    again = await visitor.submit(f"{DEVICES}/enrol", **NEW)
    assert (again.status, "同じ名前の端末" in again.text) == (422, True)
    assert PASSWORD not in (await visitor.get(f"{DEVICES}/dev-pc-0200")).text


async def test_a_signing_request_arrives_whole(visitor: Visitor, city: FakeCity) -> None:
    """RSA requests are longer than other fields may be."""
    text = "-----BEGIN CERTIFICATE REQUEST-----\n" + "A" * 5000 + "\n-----END CERTIFICATE REQUEST-----"
    await visitor.sign_in("p9001")
    await visitor.get(f"{DEVICES}/enrol")
    done = await visitor.submit(f"{DEVICES}/enrol", **NEW | {"request": text})
    assert city.devices.orders[-1].request.split() == text.split()
    assert "証明書（PEM）を保存" in done.text
    assert PASSWORD not in done.text


async def test_a_lost_device_is_revoked_with_a_reason(visitor: Visitor, city: FakeCity) -> None:
    city.devices.put(make_device("PC-0101"))
    path = f"{DEVICES}/dev-pc-0101"
    await visitor.sign_in("p9001")
    asked = await visitor.get(f"{path}/revoke")
    for shown in ("PC-0101", "神谷 𠮷子（p1001）", "元に戻せません"):
        assert shown in asked.text
    assert (await visitor.submit(f"{path}/revoke", reason=" ")).status == 422
    done = await visitor.submit(f"{path}/revoke", reason="車内に置き忘れ")
    assert done.location == f"{path}?done=device_revoked"
    page = await visitor.get(done.location)
    for shown in ("端末を失効させました", "車内に置き忘れ"):
        assert shown in page.text
    assert f'href="{path}/revoke"' not in page.text
    await visitor.get(f"{path}/revoke")
    assert (await visitor.submit(f"{path}/revoke", reason="もう一度")).status == 409


async def test_a_certificate_is_renewed_in_time(visitor: Visitor, city: FakeCity) -> None:
    city.devices.put(make_device("PC-0101", 20), make_device("PC-0102", revoked_at=NOW))
    await visitor.sign_in("p9001")
    assert "残り20日" in (await visitor.get(f"{DEVICES}/dev-pc-0101")).text
    await visitor.get(f"{DEVICES}/dev-pc-0101/renew")
    done = await visitor.submit(f"{DEVICES}/dev-pc-0101/renew", ends_old="on", request="")
    assert PASSWORD in done.text
    asked = await visitor.get(f"{DEVICES}/dev-pc-0102/renew")
    assert (asked.status, "失効しています" in asked.text, "新しい証明書を発行" in asked.text) == (422, True, False)
    refused = await visitor.submit(f"{DEVICES}/dev-pc-0102/renew", request="")
    assert (refused.status, "失効しています" in refused.text) == (422, True)


async def test_an_auditor_sees_devices_and_changes_none(visitor: Visitor, city: FakeCity) -> None:
    city.devices.put(make_device("PC-0101"))
    await visitor.sign_in("p9002")
    page = await visitor.get(f"{DEVICES}/dev-pc-0101")
    assert page.status == 200
    assert "/revoke" not in page.text
    assert "/enrol" not in (await visitor.get(DEVICES)).text
    for path in (f"{DEVICES}/enrol", f"{DEVICES}/dev-pc-0101/renew", f"{DEVICES}/dev-pc-0101/revoke"):
        assert (await visitor.get(path)).status == 403, path
    await visitor.get(DEVICES)
    assert (await visitor.submit(f"{DEVICES}/enrol", **NEW)).status == 403
    assert city.devices.orders == []


@pytest.mark.parametrize("path", ["", "/renew", "/revoke"])
async def test_a_device_that_is_not_there_is_said_to_be_so(visitor: Visitor, path: str) -> None:
    await visitor.sign_in("p9001")
    assert (await visitor.get(f"{DEVICES}/nothing{path}")).status == 404


async def test_the_api_enrols_shows_renews_and_revokes(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get(f"{DEVICES}/enrol")
    issued = read((await visitor.call(f"{ROOT}/devices", NEW)).text)
    assert base64.b64decode(issued["pkcs12"]) == b"PKCS#12 in name only"
    assert issued["one_time_password"] == PASSWORD
    taken = await visitor.call(f"{ROOT}/devices", NEW)
    assert (taken.status, read(taken.text)["error"]["code"]) == (400, "name_taken")
    wrong = await visitor.call(f"{ROOT}/devices", NEW | {"kind": "none"})
    assert read(wrong.text)["error"]["code"] == "kind_invalid"
    path = f"{ROOT}/devices/{issued['device_id']}"
    shown = read((await visitor.ask("GET", path)).text)
    assert (shown["device"]["state"], shown["owner_name"]) == ("active", "神谷 𠮷子")
    assert [row["name"] for row in read((await visitor.ask("GET", f"{ROOT}/devices?q=0200")).text)["devices"]] == [
        "PC-0200"
    ]
    requested = read((await visitor.call(f"{path}/renew", {"request": "x", "ends_old": True})).text)
    assert (requested["pkcs12"], requested["one_time_password"]) == (None, None)
    assert (await visitor.call(f"{path}/revoke", {"reason": " "})).status == 400
    assert read((await visitor.call(f"{path}/revoke", {"reason": "紛失"})).text)["web_sessions"] == 1
    again = await visitor.call(f"{path}/revoke", {"reason": "紛失"})
    assert read(again.text)["error"]["code"] == "already_revoked"
    assert (await visitor.ask("GET", f"{ROOT}/devices/nothing")).status == 404
    authority = read((await visitor.ask("GET", f"{ROOT}/device-authority")).text)
    assert authority["certificate_pem"].startswith("-----BEGIN CERTIFICATE")


async def test_a_person_is_told_when_a_certificate_ends_soon(visitor: Visitor, city: FakeCity) -> None:
    city.devices.told.append(ExpiryWarning(name="PC-0101", expires_at=NOW + timedelta(days=7), days_left=7))
    await visitor.sign_in("p1001")
    page = await visitor.get("/")
    assert "端末「PC-0101」の証明書の期限は" in page.text


async def test_a_person_is_told_that_the_certificate_at_hand_does_not_count(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    assert "証明書を確認できません" not in (await visitor.get("/")).text
    city.signin.change(certificate=CertificateState.OTHER_OWNER)
    page = await visitor.get("/")
    assert "この端末の証明書を確認できません" in page.text
    assert "ほかの職員の端末" in page.text


@pytest.mark.browser
async def test_a_real_browser_saves_the_key_file(browser: Browser, portal_url: str) -> None:
    """Under the page's own content policy."""
    async with signed_in_page(browser, portal_url, DESK.login) as page:
        await page.goto(f"{portal_url}{DEVICES}/enrol")
        await page.fill("#name", "PC-0300")
        await page.locator("main form.panel button").click()
        assert (await page.locator("#password").inner_text()) == PASSWORD
        async with page.expect_download() as coming:
            await page.locator("#key-file").click()
        download = await coming.value
        assert download.suggested_filename == "PC-0300.p12"
        assert (await download.path()).read_bytes() == b"PKCS#12 in name only"
