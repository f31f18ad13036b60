"""The page 「パスワードの変更」, before a sign-in ends and from the portal."""

from tests.web.browsing import Page, Visitor
from tests.web.fake_passwords import NEW_PASSWORD
from tests.web.fake_signin import CODE, PASSWORD, PASSWORD_OF_FIRST_DAY
from tests.web.fakes import FakeCity
from web.cookies import Cookie


async def reach_page(visitor: Visitor) -> Page:
    """Both steps of somebody whose password has to be changed."""
    await visitor.get("/login")
    await visitor.submit("/login", login="p1001", password=PASSWORD_OF_FIRST_DAY)
    await visitor.get("/login/code")
    assert (await visitor.submit("/login/code", code=CODE)).location == "/login/password"
    return await visitor.get("/login/password")


async def test_the_page_comes_after_both_steps_and_leads_to_the_portal(visitor: Visitor) -> None:
    page = await reach_page(visitor)
    assert page.status == 200
    assert "神谷 𠮷子 さんのパスワードは" in page.text
    for rule in ("12文字以上", "過去5回のパスワード", "1日間は", "3種類以上"):
        assert rule in page.text
    assert Cookie.SESSION not in visitor.cookies

    short = await visitor.submit("/login/password", old=PASSWORD, new="short", again="short")
    assert (short.status, "短すぎます" in short.text) == (422, True)
    different = await visitor.submit("/login/password", old=PASSWORD, new=NEW_PASSWORD, again="other")
    assert (different.status, "一致しません" in different.text) == (422, True)
    missing = await visitor.submit("/login/password", old="", new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert (missing.status, "すべて入力" in missing.text) == (422, True)
    for text in (short.text, different.text, missing.text):
        assert PASSWORD not in text
        assert NEW_PASSWORD not in text

    done = await visitor.submit("/login/password", old=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert done.location == "/?password=1"
    assert Cookie.SESSION in visitor.cookies
    assert "パスワードを変更しました" in (await visitor.get(done.location)).text


async def test_wrong_old_passwords_lead_back_to_the_beginning(visitor: Visitor) -> None:
    await reach_page(visitor)
    again = await visitor.submit("/login/password", old="guess", new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert (again.status, "現在のパスワードが正しくありません" in again.text) == (403, True)
    await visitor.submit("/login/password", old="guess", new=NEW_PASSWORD, again=NEW_PASSWORD)
    over = await visitor.submit("/login/password", old="guess", new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert "ログインできませんでした" in over.text
    assert Cookie.SIGNIN not in visitor.cookies


async def test_without_the_token_of_both_steps_there_is_no_page(visitor: Visitor) -> None:
    assert (await visitor.get("/login/password")).location == "/login"
    await visitor.get("/login")
    await visitor.submit("/login", login="p1001", password=PASSWORD_OF_FIRST_DAY)
    refused = await visitor.get("/login/password")
    assert (refused.status, "ログインできませんでした" in refused.text) == (403, True)


async def test_a_silent_directory_is_said_as_such(visitor: Visitor, city: FakeCity) -> None:
    await reach_page(visitor)
    city.passwords.is_down = True
    silent = await visitor.submit("/login/password", old=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert (silent.status, "変更できたかどうか分かりません" in silent.text) == (503, True)


async def test_the_portal_says_when_the_password_runs_out_and_leads_to_the_page(
    visitor: Visitor, city: FakeCity
) -> None:
    city.passwords.days = 3
    await visitor.sign_in("p1001")
    assert "あと3日です" in (await visitor.get("/")).text
    assert "同じ職員IDを使うほかのシステム" in (await visitor.get("/password")).text
    done = await visitor.submit("/password", old=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert done.location == "/?password=1"


async def test_an_old_second_factor_is_shown_again_first(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    city.passwords.needs_factor = True
    assert (await visitor.get("/password")).location == "/step-up?next=/password"


async def test_by_the_api_it_is_the_same(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    await visitor.get("/")
    headers = {"Origin": visitor.origin, "X-CSRF-Token": visitor.last.token()}

    async def ask(old: str, new: str) -> Page:
        body = {"current_password": old, "new_password": new}
        return await visitor.ask("POST", "/api/v1/password", json=body, headers=headers)

    short = await ask(PASSWORD, "short")
    assert (short.status, '"code":"too_short"' in short.text) == (400, True)
    wrong = await ask("guess", NEW_PASSWORD)
    assert (wrong.status, "current_password_wrong" in wrong.text) == (403, True)
    done = await ask(PASSWORD, NEW_PASSWORD)
    assert (done.status, done.text) == (200, '{"ended_signins":1}')
    for page in (short, wrong, done):
        assert NEW_PASSWORD not in page.text
    city.passwords.is_down = True
    assert (await ask(PASSWORD, NEW_PASSWORD)).status == 503
