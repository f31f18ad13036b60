"""Passkeys on the pages: at the code step, at the first sign-in, for a step-up, and for administrators."""

import json

from msgspec.structs import replace

from broker.model.kinds import Role
from broker.model.passkeys import FactorNotice
from tests.web.browsing import Page, Visitor
from tests.web.fake_factors import GOOD, a_passkey
from tests.web.fake_signin import CODE, PASSWORD
from tests.web.fakes import FakeCity
from tests.web.people import DESK, NOW, STAFF
from web.cookies import Cookie


async def at_code_step(visitor: Visitor, login: str, password: str = PASSWORD) -> Page:
    await visitor.get("/login")
    assert (await visitor.submit("/login", login=login, password=password)).location == "/login/code"
    return await visitor.get("/login/code")


async def test_the_code_step_offers_a_passkey_to_everybody_alike(visitor: Visitor) -> None:
    known = await at_code_step(visitor, "p1001")
    asked = await visitor.call("/login/passkey/options")
    unknown = await at_code_step(visitor, "nobody", "wrong")
    asked_too = await visitor.call("/login/passkey/options")
    assert "パスキーを使う" in known.text
    assert known.text.replace(known.token(), "") == unknown.text.replace(unknown.token(), "")
    assert (asked.status, asked.text) == (asked_too.status, asked_too.text)
    assert json.loads(asked.text)["allowCredentials"] == []


async def test_a_passkey_signs_in(visitor: Visitor, city: FakeCity) -> None:
    await at_code_step(visitor, "p1001")
    wrong = await visitor.submit("/login/passkey", answer="{}")
    assert wrong.status == 403
    assert "パスキーで確認できませんでした" in wrong.text
    without = await visitor.submit("/login/passkey", answer="")
    assert without.status == 422
    assert "JavaScript" in without.text
    entered = await visitor.submit("/login/passkey", answer=GOOD)
    assert (entered.status, entered.location) == (303, "/")
    assert Cookie.SESSION in entered.cookies
    assert city.passkeys.attempts[-1].hostname == "localhost"


async def test_without_a_sign_in_there_is_no_question(visitor: Visitor) -> None:
    await visitor.get("/login")
    for path in ("/login/passkey/options", "/login/enrol/passkey/options"):
        refused = await visitor.call(path)
        assert (refused.status, json.loads(refused.text)) == (409, {"go": "/login?again=1"})
    assert (await visitor.submit("/login/passkey", answer=GOOD)).location == "/login?again=1"


async def test_a_newcomer_may_register_a_passkey_instead_of_the_app(visitor: Visitor, city: FakeCity) -> None:
    await visitor.get("/login")
    assert (await visitor.submit("/login", login="p2001", password=PASSWORD)).location == "/login/enrol"
    page = await visitor.get("/login/enrol")
    assert "認証アプリの代わりにパスキーを登録する" in page.text
    assert (await visitor.call("/login/enrol/passkey/options")).status == 200
    assert (await visitor.submit("/login/enrol/passkey", answer="{}", name="鍵")).status == 403
    done = await visitor.submit("/login/enrol/passkey", answer=GOOD, name="職場の鍵")
    assert done.status == 200
    assert "パスキーを登録しました" in done.text
    assert "0010-wxyz-0010" in done.text
    assert city.passkeys.attempts[-1].name == "職場の鍵"


async def test_a_passkey_steps_up(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    page = await visitor.get("/step-up?next=%2Ffactors")
    assert "パスキーを使う" in page.text
    assert (await visitor.call("/step-up/passkey/options")).status == 200
    assert (await visitor.submit("/step-up/passkey", next="/factors", answer="{}")).status == 403
    assert (await visitor.submit("/step-up/passkey", next="/factors", answer="")).status == 422
    assert (await visitor.submit("/step-up/passkey", next="/factors", answer=GOOD)).location == "/factors"


async def test_a_person_changes_their_own_factors(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    page = await visitor.get("/factors")
    assert "使えるコードの残り：9個" in page.text
    assert (await visitor.call("/factors/passkeys/options")).status == 200
    done = await visitor.submit("/factors/passkeys", answer=GOOD, name="<b>鍵</b>")
    assert done.location == "/factors?done=passkey_added"
    page = await visitor.get(done.location)
    assert "&lt;b&gt;鍵&lt;/b&gt;" in page.text
    assert (await visitor.submit("/factors/passkeys", answer="{}", name="x")).status == 409
    assert (await visitor.submit("/factors/passkeys", answer="", name="x")).status == 422
    await visitor.submit("/factors/passkeys/key-0/rename", name="職場の鍵")
    assert city.own_factors.passkeys[0].name == "職場の鍵"
    app = await visitor.get("/factors/app")
    assert "JBSW Y3DP" in app.text
    assert (await visitor.submit("/factors/app", code="111111")).status == 403
    assert (await visitor.submit("/factors/app", code=CODE)).location == "/factors?done=app_set"
    assert "AAAA-BBBB-CCCC" in (await visitor.submit("/factors/codes")).text
    await visitor.get("/factors")
    assert (await visitor.submit("/factors/app/remove")).location == "/factors?done=app_removed"
    city.own_factors.has_app = False
    last = await visitor.submit("/factors/passkeys/key-0/remove")
    assert last.status == 409
    assert "最後の認証方法" in last.text


async def test_a_change_that_wants_a_fresh_factor_leads_to_the_step_up(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    city.own_factors.is_fresh = False
    page = await visitor.get("/factors")
    assert "本人確認をして変更する" in page.text
    assert "/factors/codes" not in page.text
    way = "/step-up?next=%2Ffactors"
    assert (await visitor.submit("/factors/passkeys", answer=GOOD, name="x")).location == way
    assert (await visitor.submit("/factors/codes")).location == way
    assert (await visitor.get("/factors/app")).location == "/step-up?next=%2Ffactors%2Fapp"
    await visitor.get("/factors")
    assert json.loads((await visitor.call("/factors/passkeys/options")).text) == {"go": way}


async def test_the_portal_tells_of_a_change(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    city.own_factors.told = FactorNotice(
        tenant_id=STAFF.tenant_id,
        user_id=STAFF.id,
        what="factor.added",
        name="知らない鍵",
        at=NOW,
        address="203.0.113.9",
    )
    page = await visitor.get("/")
    assert "認証方法が変わりました：認証方法の追加" in page.text
    assert "知らない鍵" in page.text


async def test_an_administrator_without_the_passkey_that_the_role_asks_for_is_led_to_it(
    visitor: Visitor, city: FakeCity
) -> None:
    await visitor.sign_in(DESK.login)
    assert (await visitor.get("/console/pools")).status == 200
    [(token, auth)] = city.signin.signed_in.items()
    city.signin.signed_in[token] = replace(auth, withheld_roles=frozenset({Role.TENANT_ADMIN}))
    city.own_factors.needs_passkey = True
    for path in ("/console", "/console/pools", "/console/audit.csv"):
        assert (await visitor.get(path)).location == "/factors?for=console"
    page = await visitor.get("/factors?for=console")
    assert "管理コンソールを使うには、パスキーが必要です" in page.text
    refused = await visitor.get("/api/v1/admin/pools")
    assert refused.status == 403
    assert json.loads(refused.text)["error"]["code"] == "passkey_required"
    await visitor.get("/factors")
    posted = await visitor.submit("/console/people/u1/lock", reason="x")
    assert posted.location == "/factors?for=console", "no way around by a form"


async def test_the_desk_takes_a_lost_key_away(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in(DESK.login)
    city.person_passkeys.of[STAFF.id] = [a_passkey(STAFF, "職場の鍵", 0), a_passkey(STAFF, "なくした鍵", 1)]
    page = await visitor.get(f"/console/people/{STAFF.id}")
    assert "なくした鍵" in page.text
    path = f"/console/people/{STAFF.id}/passkeys/key-1/remove"
    assert "このパスキーを削除しますか" in (await visitor.get(path)).text
    assert (await visitor.submit(path, reason="")).status == 422
    assert (
        await visitor.submit(path, reason="紛失の届出")
    ).location == f"/console/people/{STAFF.id}?done=passkey_removed"
    await visitor.get(f"/console/people/{STAFF.id}")
    last = await visitor.submit(f"/console/people/{STAFF.id}/passkeys/key-0/remove", reason="紛失の届出")
    assert last.status == 409
    assert "最後の認証方法" in last.text
    assert (await visitor.get(path)).status == 404
    listed = await visitor.get(f"/api/v1/admin/people/{STAFF.id}/passkeys")
    assert [one["name"] for one in json.loads(listed.text)["passkeys"]] == ["職場の鍵"]
    await visitor.get("/")
    gone = await visitor.call(f"/api/v1/admin/people/{STAFF.id}/passkeys/key-1/remove", {"reason": "紛失"})
    assert (gone.status, json.loads(gone.text)["error"]["code"]) == (409, "no_such_passkey")
