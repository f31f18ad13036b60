"""The IT desk looks after the list of people that is kept of the directory."""

from datetime import timedelta

import msgspec

from broker.model.directory import Doubt, SyncKind, SyncPhase, SyncResult
from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity
from tests.web.people import NOW


async def test_the_page_tells_when_it_was_synced_and_what_came_of_it(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/directory")
    for shown in ("正常", "1204", "追加 2 件、変更 1 件", "次の同期"):
        assert shown in page.text
    assert "data-follow" not in page.text


async def test_people_are_found_page_by_page_also_those_who_never_signed_in(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/directory")
    for shown in ("神谷 𠮷子", "telework、係長, 市民課", "新田 一郎", "無効", "まだありません"):
        assert shown in page.text
    assert "期限 切夫" not in page.text
    further = await visitor.get("/console/directory?after=p2001&entry=entry-p2001")
    assert "期限 切夫" in further.text
    assert "期限切れ" in further.text
    assert "最初のページへ" in further.text
    assert "該当する職員はいません" in (await visitor.get("/console/directory?q=だれでもない")).text


async def test_a_round_can_be_wanted_now_and_its_progress_is_followed(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/directory")
    page = await visitor.submit("/console/directory/directory/sync", kind="full")
    assert city.directory.asked == [(SyncKind.FULL, "directory")]
    assert page.status == 303
    city.directory.state = msgspec.structs.replace(
        city.directory.state, phase=SyncPhase.READING, read_people=500, read_groups=86
    )
    shown = await visitor.get("/console/directory")
    assert "全件を読み取っています：職員 500 人、グループ 86 件まで" in shown.text
    assert 'data-follow="/console/directory"' in shown.text


async def test_a_round_that_broke_off_says_what_to_do(visitor: Visitor, city: FakeCity) -> None:
    city.directory.state = msgspec.structs.replace(
        city.directory.state, result=SyncResult.FAILED, fault="sizeLimitExceeded"
    )
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/directory")
    assert "だれも外していません" in page.text
    assert "sizeLimitExceeded" in page.text


async def test_a_doubted_answer_is_confirmed_with_a_reason(visitor: Visitor, city: FakeCity) -> None:
    doubt = Doubt(round=3, since=NOW - timedelta(hours=1), known=1204, missing=700)
    city.directory.state = msgspec.structs.replace(city.directory.state, result=SyncResult.DOUBTED, doubt=doubt)
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/directory")
    assert "1204 人のうち 700 人が見つかりません" in page.text
    assert "グループは、" not in page.text
    path = "/console/directory/directory/confirm"
    for round_, reason, status in (("2", "広域連合へ移管", 409), ("3", "", 400), ("3", "広域連合へ移管", 303)):
        await visitor.get("/console/directory")
        assert (await visitor.submit(path, round=round_, reason=reason)).status == status
    assert city.directory.confirmed[-1] == (3, "広域連合へ移管")


async def test_an_auditor_looks_and_changes_nothing(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9002")
    assert "今すぐ同期" not in (await visitor.get("/console/directory")).text
    assert (await visitor.submit("/console/directory/directory/sync", kind="full")).status == 403
    assert city.directory.asked == []


async def test_staff_do_not_see_it(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    assert (await visitor.get("/console/directory")).status == 403


async def test_somebody_who_never_signed_in_is_found_among_the_people_and_approved_in_advance(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/people?q=期限")
    assert "まだログインしていない職員" in page.text
    assert 'href="/console/approvals?login=p3001"' in page.text
    assert 'value="p3001"' in (await visitor.get("/console/approvals?login=p3001")).text
    assert "期限 切夫" not in (await visitor.get("/console/people?q=神谷")).text
    found = msgspec.json.decode((await visitor.get("/api/v1/admin/people?q=期限")).text)
    assert [person["login"] for person in found["newcomers"]] == ["p3001"]


async def test_somebody_is_given_an_account_before_their_first_sign_in(visitor: Visitor, city: FakeCity) -> None:
    city.directory.people[1] = msgspec.structs.replace(city.directory.people[1], is_enabled=True)
    await visitor.sign_in("p9001")
    assert (await visitor.get("/console/people?q=新田")).text.count("アカウントを用意する") == 1
    page = await visitor.submit("/console/people/prepare", login="p2001")
    assert (page.status, page.location) == (303, "/console/people/u-p2001?done=prepared")
    await visitor.get("/console/people?q=新田")
    assert (await visitor.submit("/console/people/prepare", login="nobody")).status == 404
    assert city.directory.prepared == ["p2001", "nobody"]
    assert "アカウントを用意する" not in (await visitor.get("/console/people?q=期限")).text


async def test_the_api_tells_what_the_page_shows(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    one = msgspec.json.decode((await visitor.get("/api/v1/admin/directory")).text)["directories"][0]
    assert (one["id"], one["people"], one["result"], one["doubt"]) == ("directory", 1204, "ok", None)
    found = msgspec.json.decode((await visitor.get("/api/v1/admin/directory/people")).text)
    assert [person["login"] for person in found["people"]] == ["p1001", "p2001"]
    following = found["next_page"]
    path = f"/api/v1/admin/directory/people?after={following['after']}&entry={following['entry']}"
    further = msgspec.json.decode((await visitor.get(path)).text)
    assert ([person["login"] for person in further["people"]], further["next_page"]) == (["p3001"], None)
    units = msgspec.json.decode((await visitor.get("/api/v1/admin/directory/units")).text)
    assert units == {"departments": [{"name": "市民課", "people": 12}], "groups": ["telework"]}
