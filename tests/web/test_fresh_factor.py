"""Who changes something in the console shows a second factor again when the last one is more than five minutes old."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.network_settings import PortalSettings
from tests.web.browsing import Visitor
from tests.web.fake_signin import CODE
from tests.web.fakes import FakeCity
from web.app import create_app
from web.arrival import PortalEntrance
from web.fresh_factor import EXEMPT, FORMS, pages_of
from web.routes import CONSOLE_PREFIXES

_APP = create_app(FakeCity().services(), PortalEntrance(PortalSettings()))
PATTERNS = {
    (route.method, route.resource.canonical)
    for route in _APP.router.routes()
    if route.resource is not None and route.resource.canonical.startswith(CONSOLE_PREFIXES)
}
UNSAFE = sorted(pattern for method, pattern in PATTERNS if method not in {"GET", "HEAD"})


def grow_old(city: FakeCity) -> None:
    city.signin.change(factor_at=datetime.now(UTC) - timedelta(minutes=5, seconds=1))


async def test_an_old_factor_leads_to_the_step_up_and_back_before_the_form_is_filled_in(
    visitor: Visitor, city: FakeCity
) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/people/u-p1001")
    grow_old(city)
    asked = await visitor.get("/console/people/u-p1001/lock")
    assert (asked.status, asked.location) == (303, "/step-up?next=%2Fconsole%2Fpeople%2Fu-p1001%2Flock")
    await visitor.get("/console/approvals")
    posted = await visitor.submit("/console/people/u-p1001/lock", reason="紛失")
    assert (posted.status, posted.location) == (303, "/step-up?next=%2Fconsole%2Fpeople%2Fu-p1001%2Flock")
    assert city.people.done == []
    await visitor.get(asked.location)
    assert (await visitor.submit("/step-up", next="/console/people/u-p1001/lock", code=CODE)).status == 303
    await visitor.get("/console/people/u-p1001/lock")
    assert (await visitor.submit("/console/people/u-p1001/lock", reason="紛失")).location.endswith("done=locked")
    assert len(city.people.done) == 1


async def test_looking_and_everyday_work_ask_for_nothing(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    grow_old(city)
    for page in ("/console/people/u-p1001", "/console/rules", "/console/approvals", "/console/audit"):
        assert (await visitor.get(page)).status == 200, page
    await visitor.get("/console/pools/lgwan-std/close")
    assert (await visitor.submit("/console/pools/lgwan-std/close", reason="点検")).location.endswith("pool_closed")


@pytest.mark.parametrize("pattern", UNSAFE)
async def test_every_change_by_page_and_api_asks_but_what_is_listed(
    visitor: Visitor, city: FakeCity, pattern: str
) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/people/u-p1001/lock")
    grow_old(city)
    path = (
        pattern.replace("{measure}", "lock")
        .replace("{factor_measure}", "reset-factor")
        .replace("{account_measure}", "disable")
        .replace("{gate}", "close")
        .replace("{user_id}", "u-p1001")
    )
    path = path.replace("{", "x-").replace("}", "")
    is_api = path.startswith("/api/")
    answer = await (visitor.call(path, {"reason": "x"}) if is_api else visitor.submit(path, reason="x"))
    is_asked = "step_up_required" in answer.text if is_api else answer.location.startswith("/step-up?next=")
    assert is_asked is (pattern not in EXEMPT), (pattern, answer.status)


async def test_a_factor_of_unknown_age_is_none(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    city.signin.change(factor_at=None)
    assert (await visitor.get("/console/exceptions/new")).location.startswith("/step-up?")


def test_what_is_listed_exists_and_every_form_has_a_page_to_come_back_to() -> None:
    assert set(UNSAFE) >= set(EXEMPT)
    assert pages_of(_APP) >= FORMS
