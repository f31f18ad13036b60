"""The desk asks for exceptions, decides them, changes rules after a rehearsal, and sets modes: by the pages."""

from datetime import date
from typing import Any

import msgspec
import pytest

from broker.model.kinds import Mode, Origin, Segment
from broker.model.rules import TenantRules, Waiver
from tests.web.browsing import Page, Visitor
from tests.web.fake_signin import CODE, PASSWORD
from tests.web.fakes import FakeCity
from tests.web.people import TENANT
from web.api.proxy_signin import SignInProof

ROOT = "/api/v1/admin"
ASKED = {"reason": "庁舎の工事", "ends_on": "2027-03-31", "pool-lgwan-std": "on", "origin-internet": "on"}


async def sign_in_anew(visitor: Visitor, login: str) -> None:
    """Somebody else, in a browser of their own."""
    visitor.cookies.clear()
    await visitor.sign_in(login)


def mode_of(city: FakeCity) -> Mode:
    return city.policy.state.mode


async def ask_for_exception(visitor: Visitor, **fields: str) -> Page:
    await visitor.get("/console/exceptions/new")
    return await visitor.submit("/console/exceptions", **(ASKED | fields))


async def decide(visitor: Visitor, decision: str, reason: str = "確認済み", change_id: str = "c-1") -> Page:
    await visitor.get(f"/console/changes/{change_id}")
    return await visitor.submit(f"/console/changes/{change_id}", decision=decision, reason=reason)


async def test_one_asks_and_another_approves(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    assert "登録された例外はありません" in (await visitor.get("/console/exceptions")).text
    asked = await ask_for_exception(visitor)
    assert asked.location == "/console/changes/c-1?done=change_requested"
    own = await visitor.get(asked.location)
    assert "別の管理者に承認を依頼してください" in own.text
    assert 'value="approved"' not in own.text
    forced = await decide(visitor, "approved")
    assert (forced.status, "自分の申請は承認できません" in forced.text) == (422, True)
    await sign_in_anew(visitor, "p9003")
    page = await visitor.get("/console/changes/c-1")
    for shown in ("庁舎の工事", "葛󠄀城 健", "LGWAN 標準", "自宅", "試算", "p1001", "承認待ち"):
        assert shown in page.text, shown
    done = await decide(visitor, "approved")
    assert done.location == "/console/changes/c-1?done=change_approved"
    listed = (await visitor.get("/console/exceptions")).text
    assert "髙梨 環" in listed
    assert "有効" in listed
    assert (await decide(visitor, "revoked", "不要")).location == "/console/changes/c-1?done=change_revoked"
    over = await visitor.get("/console/changes/c-1")
    assert 'name="decision"' not in over.text


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"reason": " "}, "理由を入力してください"),
        ({"ends_on": "2020-01-01"}, "過去の日付です"),
        ({"ends_on": "soon"}, "最終日を日付で入力してください"),
    ],
)
async def test_what_cannot_be_asked_for_is_told_with_the_form_as_it_was(
    visitor: Visitor, fields: dict[str, str], said: str
) -> None:
    await visitor.sign_in("p9001")
    refused = await ask_for_exception(visitor, **fields)
    assert (refused.status, said in refused.text) == (422, True)
    assert 'name="pool-lgwan-std" checked' in refused.text


async def test_an_auditor_reads_and_decides_nothing(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await ask_for_exception(visitor)
    await sign_in_anew(visitor, "p9002")
    for path in ("/console/exceptions", "/console/changes/c-1", "/console/rules", "/console/mode"):
        page = await visitor.get(path)
        assert (page.status, 'name="reason"' in page.text) == (200, False), path
    await visitor.get("/console/changes/c-1")
    assert (await visitor.submit("/console/changes/c-1", decision="approved", reason="x")).status == 403
    assert (await visitor.submit("/console/exceptions", **ASKED)).status == 403
    assert (await visitor.submit("/console/mode", mode="degraded", reason="x")).status == 403
    assert (await visitor.get("/console/mode/confirm?mode=degraded")).status == 403
    assert (await visitor.get("/console/exceptions/new")).status == 403
    assert city.changes.rows[0].change.state == "requested"


async def test_stricter_rules_are_rehearsed_then_saved_and_taken_back_by_two(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/rules?subject=lgwan-std")
    assert "第 1 版" in page.text
    form = {"subject": "lgwan-std", "based_on": "1", "groups": "vdi-lgwan", "origin-office": "on"}
    rehearsed = await visitor.submit("/console/rules/rehearse", **form, max_sessions="1", device_x="on")
    assert (rehearsed.status, "使えなくなる職員" in rehearsed.text, "p1001" in rehearsed.text) == (200, True, True)
    assert "ゆるくなるところはありません" in rehearsed.text
    assert city.policy.rehearsed[-1][0] == "lgwan-std"
    assert city.changes.sets["lgwan-std"][0] == 1, "nothing was saved"
    nothing_said = await visitor.submit("/console/rules", **form, max_sessions="1")
    assert (nothing_said.status, "理由を入力してください" in nothing_said.text) == (422, True)
    saved = await visitor.submit("/console/rules", **form, max_sessions="1", reason="見直し")
    assert saved.location == "/console/rules?subject=lgwan-std&done=rules_saved"
    assert city.changes.sets["lgwan-std"][1].restrictions.max_sessions == 1
    stale = await visitor.submit("/console/rules", **form, max_sessions="2", reason="古い画面から")
    assert (stale.status, "規則が変わりました" in stale.text) == (422, True)
    looser = form | {"based_on": "2", "origin-satellite": "on", "max_sessions": "1"}
    told = await visitor.submit("/console/rules/rehearse", **looser)
    assert "別の管理者が承認してから有効になります" in told.text
    asked = await visitor.submit("/console/rules", **looser, reason="サテライトの開設")
    assert asked.location == "/console/changes/c-2?done=change_requested"
    assert "前の版よりゆるくなるところ" in (await visitor.get(asked.location)).text
    assert city.changes.sets["lgwan-std"][1].origins == frozenset({Origin.OFFICE})


async def test_a_long_list_of_groups_arrives_whole(visitor: Visitor, city: FakeCity) -> None:
    """Cut off in the middle of a name, it would entitle another group."""
    await visitor.sign_in("p9001")
    await visitor.get("/console/rules?subject=lgwan-std")
    groups = frozenset(f"vdi-lgwan-{number:03}-shisho" for number in range(200))
    form = {"subject": "lgwan-std", "based_on": "1", "groups": "\n".join(sorted(groups)), "origin-office": "on"}
    await visitor.submit("/console/rules/rehearse", **form)
    rules = city.policy.rehearsed[-1][1]
    assert rules is not None
    assert rules.groups == groups
    await visitor.get("/console/exceptions/new")
    await visitor.submit("/console/exceptions", **ASKED | {"groups": form["groups"]})
    content = city.changes.rows[0].content
    assert isinstance(content, Waiver)
    assert content.groups == groups


async def test_a_former_version_is_brought_back(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/rules?subject=lgwan-std")
    form = {"subject": "lgwan-std", "groups": "vdi-lgwan", "origin-office": "on", "reason": "見直し"}
    await visitor.submit("/console/rules", **form, based_on="1", max_sessions="2")
    await visitor.submit("/console/rules", **form, based_on="2", max_sessions="1")
    page = await visitor.get("/console/rules?subject=lgwan-std")
    assert "この版に戻す" in page.text
    back = await visitor.submit(
        "/console/rules/back", subject="lgwan-std", based_on="3", version="c-1", reason="厳しすぎた"
    )
    assert back.location == "/console/changes/c-3?done=change_requested"
    silent = await visitor.submit("/console/rules/back", subject="lgwan-std", based_on="3", version="c-1", reason="")
    assert silent.status == 422


@pytest.mark.parametrize(
    "fields",
    [
        {"max_sessions": "many"},
        {"days_per_week": "-1"},
        {"step_up_min": "999999999999999999"},
        {"hours": "on", "opens": "25:00", "closes": "17:15"},
        {"hours": "on", "opens": "08:30+09:00", "closes": "17:15+09:00"},
    ],
)
async def test_a_field_that_does_not_read_is_named(visitor: Visitor, fields: dict[str, str]) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/rules")
    refused = await visitor.submit("/console/rules/rehearse", subject="", based_on="1", **fields)
    assert (refused.status, "入力してください" in refused.text) == (422, True)
    assert (await visitor.get("/console/rules?subject=gone")).status == 404
    assert (await visitor.submit("/console/rules", subject="", based_on="x", reason="y")).status == 400


async def test_hours_that_end_before_they_begin_are_not_even_rehearsed(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/rules")
    form = {"subject": "", "based_on": "1", "hours": "on"}
    turned = await visitor.submit("/console/rules/rehearse", **form, opens="17:00", closes="08:00")
    assert (turned.status, "開始より後の時刻" in turned.text) == (422, True)
    lunch = await visitor.submit(
        "/console/rules/rehearse", **form, opens="13:00", closes="17:00", closes_for_lunch="on"
    )
    assert (lunch.status, "昼休みが利用時間の中にありません" in lunch.text) == (422, True)
    assert city.policy.rehearsed == []


async def test_what_is_wrong_with_an_exception_is_said_in_japanese_alone(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/exceptions/new")
    refused = await visitor.submit("/console/exceptions", **(ASKED | {"ends_on": "2020-01-01"}))
    assert (refused.status, "最終日：2020-01-01" in refused.text, "in the past" in refused.text) == (422, True, False)


async def test_a_mode_is_set_after_its_effect_was_seen_and_everybody_reads_of_it(
    visitor: Visitor, city: FakeCity
) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/mode")
    endless = await visitor.get("/console/mode/confirm?mode=bcp")
    assert (endless.status, "終了日時が必要です" in endless.text) == (422, True)
    past = await visitor.get("/console/mode/confirm?mode=bcp&until=2020-01-01T00:00")
    assert "今より後にしてください" in past.text
    seen = await visitor.get("/console/mode/confirm?mode=bcp&until=2999-01-01T00:00")
    assert (seen.status, "使えるようになる職員" in seen.text) == (200, True)
    assert city.policy.rehearsed[-1] == ("", None, Mode.BCP)
    assert mode_of(city) is Mode.NORMAL
    order = {"mode": "bcp", "until": "2999-01-01T00:00"}
    assert (await visitor.submit("/console/mode", **order, reason=" ")).status == 422
    done = await visitor.submit("/console/mode", **order, reason="地震")
    assert done.location == "/console/mode?done=mode_set"
    assert mode_of(city) is Mode.BCP
    assert (await visitor.get("/console/mode/confirm?mode=moon")).status == 400


async def test_a_drill_changes_nothing_and_says_so(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/mode/confirm?mode=maintenance&is_drill=1")
    assert "訓練です" in page.text
    await visitor.submit("/console/mode", mode="maintenance", is_drill="1", reason="年次訓練")
    assert (city.policy.state.is_drill, city.policy.state.now) == (True, Mode.NORMAL)
    await visitor.get("/console/mode")
    await visitor.submit("/console/mode", mode="degraded", reason="停電")
    refused = await visitor.submit("/console/mode", mode="bcp", until="2999-01-01T00:00", is_drill="1", reason="訓練")
    assert (refused.status, "訓練を始められません" in refused.text) == (422, True)
    assert mode_of(city) is Mode.DEGRADED


async def test_the_api_asks_decides_and_keeps_versions(visitor: Visitor, city: FakeCity) -> None:
    async def call(path: str, body: object) -> tuple[int, Any]:
        page = await visitor.call(f"{ROOT}{path}", body)
        return page.status, msgspec.json.decode(page.text)

    await visitor.sign_in("p9001")
    await visitor.get("/console/mode")
    order = {"ends_on": "2027-03-31", "grants": ["print_out"], "reason": "工事"}
    status, asked = await call("/exceptions", order)
    assert (status, asked["state"], asked["requested_by"]) == (200, "requested", "user:u-p9001")
    assert asked["content"]["grants"] == ["print_out"]
    status, refused = await call(f"/changes/{asked['id']}/decide", {"decision": "approved", "reason": "x"})
    assert (status, refused["error"]["code"]) == (400, "own_request")
    assert (await call("/changes/none/decide", {"decision": "approved", "reason": "x"}))[0] == 404
    assert (await call("/exceptions", order | {"unknown": 1}))[0] == 400
    held = msgspec.json.decode((await visitor.ask("GET", f"{ROOT}/rules?pool=lgwan-std")).text)
    assert (held["number"], held["rules"]["origins"]) == (1, ["office"])
    rules = {"groups": ["vdi-lgwan"], "origins": ["office"], "restrictions": {"max_sessions": 1}}
    status, told = await call("/rules/rehearse", {"pool": "lgwan-std", "rules": rules})
    assert (status, told["losing"][0]["login"]) == (200, "p1001")
    status, saved = await call("/rules", {"pool": "lgwan-std", "rules": rules, "based_on": 1, "reason": "見直し"})
    assert (status, saved["state"], saved["pool"]) == (200, "approved", "lgwan-std")
    status, back = await call("/rules/restore", {"id": saved["id"], "based_on": 9, "reason": "戻す"})
    assert (status, back["error"]["code"]) == (400, "stale")
    listed = msgspec.json.decode((await visitor.ask("GET", f"{ROOT}/changes?kind=rules")).text)
    assert [change["id"] for change in listed["changes"]] == [saved["id"]]
    assert (await visitor.ask("GET", f"{ROOT}/changes?kind=moon")).status == 400
    assert (await visitor.ask("GET", f"{ROOT}/rules?pool=gone")).status == 404


def test_a_sign_in_that_is_handed_on_shows_nothing() -> None:
    assert PASSWORD not in repr(SignInProof(login="p9003", password=PASSWORD, code=CODE))


async def test_exceptions_of_the_settings_are_read_beside_the_others(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiver = Waiver(
        id="w", reason="旧庁舎の回線", author="s0001", approver="s0002", ends_on=date(2020, 3, 31),
        segments=frozenset({Segment.WIRELESS}),
    )  # fmt: skip
    tenant = msgspec.structs.replace(TENANT, rules=TenantRules(waivers=(waiver,)))
    monkeypatch.setattr("tests.web.fake_signin.TENANT", tenant)
    await visitor.sign_in("p9002")
    page = (await visitor.get("/console/exceptions")).text
    for shown in ("設定ファイルの例外", "旧庁舎の回線", "s0001", "s0002", "無線", "期限切れ"):
        assert shown in page, shown


async def test_a_mode_that_waits_for_its_second_person_leads_to_its_request(visitor: Visitor, city: FakeCity) -> None:
    city.policy.wants_two = True
    await visitor.sign_in("p9001")
    await visitor.get("/console/mode/confirm?mode=bcp&until=2999-01-01T00:00")
    asked = await visitor.submit("/console/mode", mode="bcp", until="2999-01-01T00:00", reason="地震")
    assert asked.location == "/console/changes/c-1?done=change_requested"
    assert mode_of(city) is Mode.NORMAL
