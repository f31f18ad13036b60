"""A second factor again, without leaving the portal."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from tests.web.browsing import Visitor
from tests.web.fake_signin import CODE
from tests.web.fakes import FakeCity
from web.step_up import require_fresh_factor
from web.visitor import ACTOR, make_actor


async def test_the_right_code_leads_to_where_the_person_wanted_to_go(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    page = await visitor.get("/step-up?next=%2Fpools%2Flgwan%2Fwhy")
    assert "もう一度の本人確認" in page.text
    wrong = await visitor.submit("/step-up", next="/pools/lgwan/why", code="111111")
    assert wrong.status == 403
    assert "確認できませんでした" in wrong.text
    assert (await visitor.submit("/step-up", next="/pools/lgwan/why", code="")).status == 422
    assert (await visitor.submit("/step-up", next="/pools/lgwan/why", code="000000")).status == 429
    right = await visitor.submit("/step-up", next="/pools/lgwan/why", code=CODE)
    assert (right.status, right.location) == (303, "/pools/lgwan/why")


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", ""])
async def test_it_leads_to_no_other_site(visitor: Visitor, elsewhere: str) -> None:
    await visitor.sign_in("p1001")
    await visitor.get(f"/step-up?next={elsewhere}")
    assert (await visitor.submit("/step-up", next=elsewhere, code=CODE)).location == "/"


async def test_nobody_steps_up_without_a_session(visitor: Visitor) -> None:
    assert (await visitor.get("/step-up")).location == "/login"


async def test_a_page_that_wants_a_fresh_factor_leads_there_and_an_api_call_is_told(
    visitor: Visitor, city: FakeCity
) -> None:
    await visitor.sign_in("p1001")
    city.signin.change(factor_at=datetime.now(UTC) - timedelta(minutes=11))
    auth = next(iter(city.signin.signed_in.values()))

    def ask(path: str) -> web.Response | None:
        request = make_mocked_request("GET", path)
        request[ACTOR] = make_actor(auth, "192.0.2.10")
        return require_fresh_factor(request, 600)

    page, api = ask("/console/rules?subject=p"), ask("/api/v1/admin/rules")
    assert page is not None
    assert page.headers["Location"] == "/step-up?next=%2Fconsole%2Frules%3Fsubject%3Dp"
    assert api is not None
    assert api.status == 409
    assert b"step_up_required" in bytes(api.body)  # type: ignore[arg-type]  # bytes: it is JSON
    city.signin.change(factor_at=datetime.now(UTC) - timedelta(minutes=9))
    auth = next(iter(city.signin.signed_in.values()))
    assert ask("/console/rules") is None
    city.signin.change(factor_at=None)
    auth = next(iter(city.signin.signed_in.values()))
    assert ask("/console/rules") is not None, "not known when: not fresh"
