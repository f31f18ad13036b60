"""The page 「利用規程の確認」, and the desk's list of who confirmed."""

from tests.web.browsing import Visitor
from tests.web.fake_consents import TEXT
from tests.web.fakes import FakeCity


async def test_the_portal_leads_to_the_rules_first(visitor: Visitor, city: FakeCity) -> None:
    city.consents.text = TEXT
    await visitor.sign_in("p1001")
    assert (await visitor.get("/")).location == "/consent"
    page = await visitor.get("/consent")
    for told in ("2026-1 版", "<strong>ほかの人に見せない</strong>", "<li>撮影しない</li>", "席を離れるときは？"):
        assert told in page.text

    unread = await visitor.submit("/consent", digest="d1", **{"answer-0": "1"})
    assert (unread.status, "チェックを付けて" in unread.text) == (422, True)
    wrong = await visitor.submit("/consent", digest="d1", confirmed="1", **{"answer-0": "0"})
    assert (wrong.status, "正しくありません" in wrong.text) == (422, True)
    old = await visitor.submit("/consent", digest="d0", confirmed="1", **{"answer-0": "1"})
    assert (old.status, "改定されました" in old.text) == (422, True)
    done = await visitor.submit("/consent", digest="d1", confirmed="1", **{"answer-0": "1"})
    assert done.location == "/?consent=1"
    assert "確認を記録しました" in (await visitor.get(done.location)).text
    again = await visitor.get("/consent")
    assert "確認済みです" in again.text
    assert 'name="confirmed"' not in again.text


async def test_who_wants_to_read_it_later_sees_why_nothing_opens(visitor: Visitor, city: FakeCity) -> None:
    city.consents.text = TEXT
    await visitor.sign_in("p1001")
    later = await visitor.get("/?later=1")
    assert (later.status, "利用規程の確認が済んでいない" in later.text) == (200, True)


async def test_without_rules_of_use_there_is_no_page(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    assert (await visitor.get("/")).status == 200
    assert (await visitor.get("/consent")).status == 404


async def test_the_desk_sees_who_confirmed_and_takes_the_list_home(visitor: Visitor, city: FakeCity) -> None:
    city.consents.text = TEXT
    await visitor.sign_in("p1001")
    await visitor.get("/consent")
    await visitor.submit("/consent", digest="d1", confirmed="1", **{"answer-0": "1"})
    assert (await visitor.get("/console/consents")).status == 403
    visitor.cookies.clear()
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/consents")
    assert "2 人のうち 1 人が" in page.text
    missing = await visitor.get("/console/consents?missing=1")
    assert "葛" in missing.text
    assert "神谷" not in missing.text
    sheet = await visitor.get("/console/consents.csv")
    assert '"p1001","神谷 𠮷子","市民課","2026-1"' in sheet.text
    assert city.consents.exported == 2


async def test_by_the_api_it_is_the_same(visitor: Visitor, city: FakeCity) -> None:
    city.consents.text = TEXT
    await visitor.sign_in("p1001")
    state = await visitor.get("/api/v1/consent")
    assert '"is_due":true' in state.text
    assert "right" not in state.text
