"""The IT desk sees what makes an administrator of somebody, and whom a rule would be about before it is written."""

from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity


async def test_every_rule_is_shown_with_its_conditions_and_what_it_gives(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/directory")
    for shown in ("roles.it_desk", "団体管理者", "課長、所長", "自分の所属の所属長", "市民課、税務課", "試行（無効）"):
        assert shown in page.text


async def test_who_meets_a_rule_is_shown_by_name(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/directory/match?directory=directory&rule=住民情報")
    assert "該当する職員：2 人" in page.text
    assert "同期した一覧の 3 人" in page.text
    assert "神谷 髙志" in page.text
    assert "情報 窓口" not in page.text.split("<main")[1]


async def test_a_rule_is_tried_before_it_is_written(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/directory/match?directory=directory&group=telework&department=税務課")
    assert "該当する職員：1 人" in page.text
    everybody = await visitor.get("/console/directory/match?directory=directory&group=telework")
    assert "一覧の全員が該当します" in everybody.text
    nobody = await visitor.get("/console/directory/match?directory=directory&attribute=title&value=課長")
    assert "該当する職員はいません" in nobody.text
    assert "ほかにもいる可能性があります" in nobody.text


async def test_what_is_no_rule_is_refused(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    for query in ("", "&attribute=ti)(tle&value=x", "&attribute=title", "&group=*"):
        assert (await visitor.get(f"/console/directory/match?directory=directory{query}")).status == 400
    assert (await visitor.get("/console/directory/match?directory=directory&rule=none")).status == 404


async def test_a_directory_that_is_silent_is_said(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    city.mapping.is_silent = True
    page = await visitor.get("/console/directory/match?directory=directory&group=telework")
    assert page.status == 503
    assert "no answer within 8 s" in page.text


async def test_the_api_says_what_is_wrong_with_a_rule(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/directory")
    body = {"directory": "directory", "rule": {"id": "x", "everybody": True, "roles": ["tenant_admin"]}}
    refused = await visitor.call("/api/v1/admin/directory/match", body)
    assert refused.status == 400
    assert "would give everybody a role" in refused.text
    body["rule"] = {"id": "x", "groups": ["it_desk"], "roles": ["tenant_admin"]}
    assert '"count":1' in (await visitor.call("/api/v1/admin/directory/match", body)).text


async def test_staff_see_none_of_it(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    for path in ("/console/directory/match?directory=directory&group=telework", "/api/v1/admin/directory/rules"):
        assert (await visitor.get(path)).status == 403
