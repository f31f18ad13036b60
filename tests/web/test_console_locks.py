"""The IT desk sees who waits at sign-in, lifts it, and blocks an address."""

from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity


async def test_the_list_says_who_waits_why_until_when_and_from_which_entrance(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    text = (await visitor.get("/console/locks")).text
    for shown in ("p1001", "192.0.2.10", "この接続元から、続けてログインに失敗しました", "7", "portal", "09:32:00"):
        assert shown in text, shown
    assert "203.0.113.0/24" in text
    assert "不審なアクセス" in text


async def test_several_are_lifted_with_one_reason(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/locks")
    without = await visitor.submit("/console/locks/lift", key="pair:p1001@192.0.2.10", reason=" ")
    assert (without.status, "理由を入力してください" in without.text) == (422, True)
    none = await visitor.submit("/console/locks/lift", reason="本人確認済み")
    assert (none.status, "解除するロックを選んでください" in none.text) == (422, True)
    city.locks.done.clear()
    form = {"key": "acct:p1001@198.51.100.7", "reason": "本人確認済み", "back": "/console/people/u-p1001"}
    done = await visitor.submit("/console/locks/lift", **form)
    assert done.location == "/console/people/u-p1001?done=locks_lifted"
    assert city.locks.done == ["lift 1: 本人確認済み"]


async def test_it_leads_back_to_pages_of_the_console_alone(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    for back in ("//evil.example", "/signout", "https://evil.example"):
        await visitor.get("/console/locks")
        form = {"key": "pair:p1001@192.0.2.10", "reason": "x", "back": back}
        answer = await visitor.submit("/console/locks/lift", **form)
        assert "evil" not in answer.location
        assert not answer.location.startswith("/signout")


async def test_an_address_is_blocked_for_a_time_and_a_wrong_one_is_named(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/locks")
    form = {"address": "everywhere", "minutes": "60", "reason": "不審"}
    wrong = await visitor.submit("/console/locks/block", **form)
    assert (wrong.status, "IPアドレスか、範囲" in wrong.text) == (422, True)
    assert 'value="everywhere"' in wrong.text, "what was typed is still there"
    done = await visitor.submit("/console/locks/block", **(form | {"address": "203.0.113.0/24"}))
    assert done.location == "/console/locks?done=address_blocked"
    assert city.locks.done == ["block 203.0.113.0/24 60: 不審"]


async def test_an_auditor_looks_and_lifts_nothing(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9002")
    page = await visitor.get("/console/locks")
    assert page.status == 200
    assert "解除する理由" not in page.text
    await visitor.get("/")
    assert (await visitor.submit("/console/locks/lift", key="pair:p1001@192.0.2.10", reason="x")).status == 403
    assert (await visitor.submit("/console/locks/block", address="203.0.113.9", minutes="60", reason="x")).status == 403
    assert city.locks.done == []


async def test_the_api_lists_lifts_and_blocks(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/locks")
    listed = await visitor.ask("GET", "/api/v1/admin/locks")
    assert '"scope":"pair"' in listed.text
    lifted = await visitor.call("/api/v1/admin/locks/lift", {"keys": ["pair:p1001@192.0.2.10"], "reason": "確認済み"})
    assert lifted.text == '{"count":1}'
    gone = await visitor.call("/api/v1/admin/locks/lift", {"keys": ["pair:p1001@192.0.2.10"], "reason": "確認済み"})
    assert "no_such_lock" in gone.text
    body = {"address": "203.0.113.9", "minutes": 60, "reason": "不審"}
    assert "203.0.113.9" in (await visitor.call("/api/v1/admin/locks/address", body)).text
    wrong = await visitor.call("/api/v1/admin/locks/address", body | {"address": "x"})
    assert "address_invalid" in wrong.text
