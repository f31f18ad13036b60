"""The IT desk's console."""

import csv
import io
import re

import msgspec
import pytest

from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity
from tests.web.people import make_record
from web.spreadsheet import make_harmless


async def test_the_console_opens_on_the_first_tab_of_the_role(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    assert (await visitor.get("/console")).location == "/console/pools"
    text = (await visitor.get("/console/pools")).text
    for shown in ("LGWAN 標準", "受付中", "順番待ち", "障害", "192.0.2.50 に接続できません"):
        assert shown in text


async def test_closing_a_pool_says_what_happens_and_asks_why(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    asked = await visitor.get("/console/pools/lgwan-std/close")
    assert "新しい接続と順番待ちができなくなります" in asked.text
    without = await visitor.submit("/console/pools/lgwan-std/close", reason="  ")
    assert without.status == 422
    assert "理由を入力してください" in without.text
    assert city.pools.asked == []
    done = await visitor.submit("/console/pools/lgwan-std/close", reason="定期点検")
    assert done.location == "/console/pools?done=pool_closed"
    assert city.pools.asked == ["close lgwan-std by user:u-p9001: 定期点検"]
    assert "受付停止中" in (await visitor.get(done.location)).text
    await visitor.get("/console/pools/lgwan-std/open")
    await visitor.submit("/console/pools/lgwan-std/open", reason="点検終了")
    assert city.pools.asked[-1] == "open lgwan-std by user:u-p9001: 点検終了"


async def test_a_faulty_desktop_is_repaired(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    rows = await visitor.get("/console/pools/lgwan-std/desktops")
    assert "起動から60秒以内に応答がありません" in rows.text
    assert rows.text.count("/repair") == 1
    await visitor.get("/console/pools/lgwan-std/desktops/d-lgwan-std-3/repair")
    done = await visitor.submit("/console/pools/lgwan-std/desktops/d-lgwan-std-3/repair")
    assert done.location == "/console/pools/lgwan-std/desktops?done=desktop_repaired"
    assert city.pools.asked == ["repair d-lgwan-std-3"]
    moved = await visitor.submit("/console/pools/lgwan-std/desktops/d-lgwan-std-2/repair")
    assert moved.status == 409


async def test_a_session_is_terminated_with_a_reason(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    assert "神谷 𠮷子" in (await visitor.get("/console/sessions?q=市民")).text
    assert "該当するセッションはありません" in (await visitor.get("/console/sessions?q=nobody")).text
    asked = await visitor.get("/console/sessions/s-lgwan-std-p1001/terminate")
    assert "神谷 𠮷子（市民課、p1001）" in asked.text
    done = await visitor.submit("/console/sessions/s-lgwan-std-p1001/terminate", reason="端末紛失")
    assert done.location == "/console/sessions?done=terminated"
    assert city.sessions.asked == ["terminate s-lgwan-std-p1001 by user:u-p9001: 端末紛失"]
    assert (await visitor.submit("/console/sessions/s-lgwan-std-p1001/terminate", reason="x")).status == 404


@pytest.mark.parametrize(
    "path, measure, done",
    [
        ("lock", "lock", "locked"),
        ("unlock", "unlock", "unlocked"),
        ("sign-out", "end_signins", "signed_out"),
    ],
)
async def test_measures_about_people_are_confirmed(
    visitor: Visitor, city: FakeCity, path: str, measure: str, done: str
) -> None:
    await visitor.sign_in("p9001")
    assert "神谷 𠮷子" in (await visitor.get(f"/console/people/u-p1001/{path}")).text
    assert (await visitor.submit(f"/console/people/u-p1001/{path}", reason="")).status == 422
    taken = await visitor.submit(f"/console/people/u-p1001/{path}", reason="本人からの申出")
    assert taken.location == f"/console/people/u-p1001?done={done}"
    assert city.people.done == [f"{measure} p1001 by user:u-p9001: 本人からの申出"]
    assert "signin.refused" in (await visitor.get(taken.location)).text
    assert (await visitor.submit(f"/console/people/none/{path}", reason="x")).status == 404


async def test_an_auditor_reads_and_changes_nothing(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9002")
    page = await visitor.get("/console/pools")
    assert "受付を停止" not in page.text
    assert "u-p1001/lock" not in (await visitor.get("/console/people/u-p1001")).text
    await visitor.get("/console/audit")
    await visitor.get("/")
    for path in (
        "/console/pools/lgwan-std/close",
        "/console/people/u-p1001/lock",
        "/console/sessions/s-lgwan-std-p1001/terminate",
        "/console/pools/lgwan-std/desktops/d-lgwan-std-3/repair",
    ):
        assert (await visitor.submit(path, reason="x")).status == 403
        assert (await visitor.ask("GET", path)).status == 403
    assert city.pools.asked == city.people.done == city.sessions.asked == []


async def test_nobody_is_asked_to_confirm_a_measure_about_themselves(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    assert "u-p9001/lock" not in (await visitor.get("/console/people/u-p9001")).text
    assert (await visitor.get("/console/people/u-p9001/lock")).status == 403


async def test_closing_a_pool_counts_who_left_work_behind(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    text = (await visitor.get("/console/pools/lgwan-std/close")).text
    assert re.search(r"接続中の職員</dt><dd>2</dd>", text)
    assert re.search(r"切断中の職員（作業が残っています）</dt><dd>1</dd>", text)
    pools = (await visitor.get("/console/pools")).text
    assert "接続中 2／切断中 1" in pools
    assert re.findall(r'data-pool="([^"]+)"', pools) == ["lgwan-own", "lgwan-std", "juki"]


async def test_the_audit_speaks_of_people_in_words(visitor: Visitor, city: FakeCity) -> None:
    refused = make_record(400, "signin.password_checked", login="p1001", cause="wrong_password")
    ended = make_record(401, "session.ended", pool="lgwan-std", user="u-p1001", reason="idle_limit")
    unknown = make_record(402, "new.event", strange="value")
    city.audit.records = [
        unknown,
        ended,
        msgspec.structs.replace(refused, actor="login:p1001", subject="user:u-gone", outcome="refused"),
        msgspec.structs.replace(make_record(399, "signin.password_checked"), outcome="passed"),
        msgspec.structs.replace(make_record(398, "policy.denied"), outcome="not_entitled"),
    ]
    await visitor.sign_in("p9001")
    text = (await visitor.get("/console/audit")).text
    for shown in (
        "神谷 𠮷子（p1001）",
        "神谷 𠮷子（p1001） LGWAN 標準",
        "パスワード違い",
        "cause=wrong_password",
        "操作がない状態が続いたため切断しました",
        "利用権がありません",
        "new.event",
        "strange",
        "user:u-gone",
    ):
        assert shown in text, shown
    assert text.count('<span class="tag bad">') == 2
    assert re.search(r'<span class="tag ">成功</span><br><code class="code">passed', text)


async def test_the_audit_is_filtered_and_paged(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    first = await visitor.get("/console/audit?event=policy.denied&text=𠮷&since=2026-11-01&until=2026-11-30")
    query = city.audit.queries[-1]
    assert (query.event_prefix, query.text) == ("policy.denied", "𠮷")
    assert query.since is not None
    assert query.since.isoformat() == "2026-11-01T00:00:00+09:00"
    assert query.until is not None
    assert query.until.isoformat() == "2026-12-01T00:00:00+09:00"
    assert "古い記録へ" not in first.text
    every = await visitor.get("/console/audit")
    assert "before=71" in every.text
    older = await visitor.get("/console/audit?before=71")
    assert "#70" in older.text
    assert "#71" not in older.text
    assert (await visitor.get("/console/audit?since=no&before=-1")).status == 200


async def test_the_audit_goes_into_a_spreadsheet_harmlessly(visitor: Visitor, city: FakeCity) -> None:
    city.audit.records[0] = msgspec.structs.replace(city.audit.records[0], actor='=HYPERLINK("http://x")')
    await visitor.sign_in("p9001")
    page = await visitor.ask("GET", "/console/audit.csv")
    assert page.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in page.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(page.text)))
    assert rows[0][:4] == ["番号", "日時（Asia/Tokyo）", "日時（UTC）", "できごと"]
    assert len(rows) == 121
    assert rows[1][5] == rows[1][6] == '\'=HYPERLINK("http://x")'
    assert rows[2][1:7] == [
        "2026-11-20 09:31:59",
        "2026-11-20T00:31:59+00:00",
        "画面表示",
        "session.first_frame_drawn",
        "神谷 𠮷子（p1001）",
        "user:u-p1001",
    ]
    assert rows[2][7:11] == ["神谷 𠮷子（p1001） LGWAN 標準", "session:s-1", "成功", "ok"]
    assert rows[2][12:14] == ["プール：LGWAN 標準", "pool=lgwan-std"]
    assert city.audit.exported == [("user:u-p9001", "", 120)]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u3000=1", "\r=1"])
def test_no_cell_starts_a_formula(cell: str) -> None:
    assert make_harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "user:u-1", "神谷", "192.0.2.1", "a=b"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert make_harmless(cell) == cell


@pytest.mark.parametrize("query", ["until=9999-12-31", "since=0001-01-01", "since=9999-12-31&until=0001-01-01"])
async def test_a_day_at_the_end_of_the_calendar_filters_nothing(visitor: Visitor, query: str) -> None:
    await visitor.sign_in("p9001")
    assert (await visitor.get(f"/console/audit?{query}")).status == 200
