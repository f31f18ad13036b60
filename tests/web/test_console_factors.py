"""The desk resets somebody's factors, and gives out a code to enrol from outside: never without a check of identity."""

from broker.people.factor_desk import FactorOrder, IdentityCheck
from tests.web.browsing import Visitor
from tests.web.fake_factor_desk import CODE
from tests.web.fakes import FakeCity

PERSON = "/console/people/u-p1001"
ORDER = FactorOrder(checked=IdentityCheck.CALLBACK, reason="機種変更")


async def test_a_reset_says_what_happens_and_asks_how_the_person_was_recognised(
    visitor: Visitor, city: FakeCity
) -> None:
    await visitor.sign_in("p9001")
    asked = await visitor.get(f"{PERSON}/reset-factor")
    for shown in ("神谷 𠮷子", "職員証を対面で確認", "登録されている内線へ折り返して確認", "上司に確認"):
        assert shown in asked.text
    unchecked = await visitor.submit(f"{PERSON}/reset-factor", reason="機種変更")
    assert unchecked.status == 422
    assert "どのように確かめたか" in unchecked.text
    assert 'value="機種変更"' in unchecked.text, "what was typed is kept"
    assert (await visitor.submit(f"{PERSON}/reset-factor", reason=" ", checked="callback")).status == 422
    assert (await visitor.submit(f"{PERSON}/reset-factor", reason="x", checked="crystal_ball")).status == 422
    assert city.factor_desk.orders == []
    done = await visitor.submit(f"{PERSON}/reset-factor", reason="機種変更", checked="callback")
    assert done.location == f"{PERSON}?done=factor_reset"
    assert city.factor_desk.orders == [("reset", ORDER)]


async def test_a_code_is_shown_once_and_only_for_who_has_no_factor(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get(f"{PERSON}/enrolment-code")
    early = await visitor.submit(f"{PERSON}/enrolment-code", reason="機種変更", checked="callback")
    assert early.status == 422
    assert "登録を解除してください" in early.text
    await visitor.submit(f"{PERSON}/reset-factor", reason="機種変更", checked="callback")
    await visitor.get(f"{PERSON}/enrolment-code")
    given = await visitor.submit(f"{PERSON}/enrolment-code", reason="機種変更", checked="callback")
    assert given.status == 200
    assert CODE in given.text
    assert CODE not in (await visitor.get(PERSON)).text
    assert city.factor_desk.orders[-1] == ("code", ORDER)


async def test_nobody_handles_their_own_factors_or_those_of_strangers(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/people")
    assert (await visitor.submit("/console/people/none/reset-factor", reason="x", checked="callback")).status == 404
    assert (await visitor.get("/console/people/u-p9001/reset-factor")).status == 403
    assert city.factor_desk.orders == []


async def test_an_auditor_handles_nobodys_factors(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9002")
    await visitor.get("/console/people")
    for path in ("reset-factor", "enrolment-code"):
        assert (await visitor.submit(f"{PERSON}/{path}", reason="x", checked="callback")).status == 403
        assert (await visitor.get(f"{PERSON}/{path}")).status == 403
        await visitor.get("/console/people")
    assert city.factor_desk.orders == []


async def test_every_page_of_the_console_tells_of_an_emergency(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    assert "緊急用管理者" not in (await visitor.get("/console/pools")).text
    city.accounts.begin_emergency()
    for path in ("/console/pools", "/console/people", "/console/audit"):
        assert "緊急用管理者（emergency-admin）が有効です" in (await visitor.get(path)).text
    assert "緊急用管理者" not in (await visitor.get("/")).text
