"""The IT desk looks into the rules: why, what if, the mode, telework approvals."""

from typing import Any

import msgspec

from tests.web.browsing import Page, Visitor
from tests.web.fakes import FakeCity

ROOT = "/api/v1/admin"
QUESTION = "user=p1001&pool=lgwan-std&segment=wired&device=managed"


def read(text: str) -> Any:
    return msgspec.json.decode(text)


async def post(visitor: Visitor, path: str, body: object) -> Page:
    """A call of the API by a script on a page of the portal."""
    await visitor.get("/console")
    await visitor.get("/console/policy")
    headers = {"Origin": visitor.origin, "X-CSRF-Token": visitor.last.token()}
    return await visitor.ask("POST", path, json=body, headers=headers)


async def test_the_desk_sees_every_rule_of_a_case(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    assert "利用の規則" in (await visitor.get("/console/policy")).text
    page = await visitor.get(f"/console/policy?{QUESTION}&origin=internet&at=2026-04-01T09:00")
    for shown in ("神谷 𠮷子", "origin_not_allowed", "自宅", "<b>認めていない規則</b> 既定の規則", "満たしていません"):
        assert shown in page.text
    asked = city.policy.asked[-1].at
    assert asked is not None
    assert asked.isoformat() == "2026-04-01T09:00:00+09:00"
    assert "接続できます。" in (await visitor.get(f"/console/policy?{QUESTION}&origin=office")).text
    assert "確かめてください" in (await visitor.get("/console/policy?user=nobody&pool=lgwan-std")).text
    assert "日時を読み取れません" in (await visitor.get(f"/console/policy?{QUESTION}&at=soon")).text
    assert (await visitor.get("/console/policy?origin=moon")).status == 400


async def test_an_approval_is_set_and_withdrawn_with_a_reason(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/approvals")
    wrong = await visitor.submit("/console/approvals", login="p1001", ends_on="tomorrow", reason="在宅勤務")
    assert (wrong.status, "最終日を日付で" in wrong.text) == (422, True)
    own = await visitor.submit("/console/approvals", login="p9001", ends_on="2027-03-31", reason="在宅勤務")
    assert (own.status, "自分のテレワークは承認できません" in own.text) == (422, True)
    past = await visitor.submit("/console/approvals", login="p1001", ends_on="2020-03-31", reason="在宅勤務")
    assert (past.status, "最終日が過ぎています" in past.text) == (422, True)
    done = await visitor.submit("/console/approvals", login="p1001", ends_on="2027-03-31", reason="在宅勤務")
    assert done.location == "/console/approvals?done=approval_set"
    page = await visitor.get(done.location)
    assert "2027-03-31" in page.text
    assert "承認を登録しました" in page.text
    assert "誤りがないか" not in page.text
    slip = await visitor.submit("/console/approvals", login="nobody.here", ends_on="2027-03-31", reason="在宅勤務")
    assert "職員IDに誤りがないか確かめてください" in (await visitor.get(slip.location)).text
    await visitor.submit("/console/approvals/withdraw", login="nobody.here", reason="入力間違い")
    assert (await visitor.submit("/console/approvals/withdraw", login="p1001", reason=" ")).status == 422
    gone = await visitor.submit("/console/approvals/withdraw", login="p1001", reason="異動")
    assert gone.location == "/console/approvals?done=approval_withdrawn"
    assert city.approvals.kept == {}


async def test_an_auditor_sees_the_rules_and_changes_nothing(visitor: Visitor) -> None:
    await visitor.sign_in("p9002")
    page = await visitor.get("/console/approvals")
    assert page.status == 200
    assert "承認を登録する" not in page.text
    assert (await visitor.submit("/console/approvals", login="p1001", ends_on="2027-03-31", reason="x")).status == 403
    refused = await post(visitor, f"{ROOT}/mode", {"mode": "degraded", "reason": "停電"})
    assert refused.status == 403


async def test_the_api_explains_rehearses_and_sets_the_mode(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    told = read((await visitor.ask("GET", f"{ROOT}/policy/explain?{QUESTION}&origin=internet")).text)
    assert (told["is_allowed"], told["reason"], len(told["rules"])) == (False, "origin_not_allowed", 1)
    assert (await visitor.ask("GET", f"{ROOT}/policy/explain?{QUESTION}&at=2026-04-01T09:00")).status == 400
    assert (await visitor.ask("GET", f"{ROOT}/policy/explain?{QUESTION}&origin=moon")).status == 400
    assert (await visitor.ask("GET", f"{ROOT}/policy/explain?user=p1001&pool=gone")).status == 404
    for text in ("tenants = [", 'data_dir = "/x"\nunknown = 1', 'data_dir = "/x"'):
        answer = await post(visitor, f"{ROOT}/policy/rehearse", {"settings": text})
        assert (answer.status, read(answer.text)["error"]["code"]) == (400, "rules_refused"), text
    state = read((await post(visitor, f"{ROOT}/mode", {"mode": "degraded", "reason": "停電"})).text)
    assert (state["mode"], state["now"]) == ("degraded", "degraded")
    endless = await post(visitor, f"{ROOT}/mode", {"mode": "bcp", "reason": "地震"})
    assert (endless.status, read(endless.text)["error"]["code"]) == (400, "mode_refused")
    drill = {"mode": "bcp", "reason": "訓練", "is_drill": True, "until": "2027-01-01T00:00:00+09:00"}
    assert (await post(visitor, f"{ROOT}/mode", drill)).status == 400, "a real mode is in force"
    await post(visitor, f"{ROOT}/mode", {"mode": "normal", "reason": "復旧"})
    assert read((await post(visitor, f"{ROOT}/mode", drill)).text)["now"] == "normal"
    assert "訓練中" in (await visitor.get("/console/policy")).text


async def test_approvals_by_the_api_are_kept_together_or_not_at_all(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    good = {"login": "p1001", "ends_on": "2027-03-31", "reason": "在宅勤務"}
    refused = await post(visitor, f"{ROOT}/approvals", {"approvals": [good, good | {"login": "p9001"}]})
    assert refused.status == 400
    assert "line 2" in refused.text
    assert city.approvals.kept == {}
    assert read((await post(visitor, f"{ROOT}/approvals", {"approvals": [good]})).text) == {"count": 1}
    rows = read((await visitor.ask("GET", f"{ROOT}/approvals")).text)["approvals"]
    assert [(row["login"], row["is_in_force"]) for row in rows] == [("p1001", True)]
    gone = {"login": "p1001", "reason": "異動"}
    assert read((await post(visitor, f"{ROOT}/approvals/withdraw", gone)).text) == {"count": 1}
    assert (await post(visitor, f"{ROOT}/approvals/withdraw", gone)).status == 404
