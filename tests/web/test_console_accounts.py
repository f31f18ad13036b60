"""Local accounts in the console: listed, added, disabled; a one-time password is shown once."""

import pytest

from broker.model.kinds import Role
from tests.web.browsing import Visitor
from tests.web.fake_accounts import PASSWORD
from tests.web.fakes import FakeCity

LIST = "/console/local-accounts"
FIELDS = {"login": "itaku01", "display_name": "委託 花子", "groups": "telework\nlgwan", "reason": "夜間の運用"}


async def test_an_account_is_added_and_its_password_shown_once(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    assert LIST in (await visitor.get("/console/people")).text
    assert "警備 太郎" in (await visitor.get(LIST)).text
    await visitor.get(f"{LIST}/new")
    taken = await visitor.submit(f"{LIST}/new", **(FIELDS | {"login": "taken"}))
    assert taken.status == 422
    assert "ディレクトリに登録されています" in taken.text
    assert "委託 花子" in taken.text, "what was typed is kept"
    added = await visitor.submit(f"{LIST}/new", **FIELDS, roles="auditor", expires_on="2027-03-31")
    assert added.status == 200
    assert PASSWORD in added.text
    assert PASSWORD not in (await visitor.get(LIST)).text
    [order] = city.accounts.orders
    assert (order.login, sorted(order.groups), list(order.roles)) == ("itaku01", ["lgwan", "telework"], [Role.AUDITOR])
    assert order.expires_at is not None
    assert order.expires_at.isoformat() == "2027-04-01T00:00:00+09:00", "the end of that day in Japan"


@pytest.mark.parametrize("expires_on", ["2027-02-30", "soon"])
async def test_a_day_that_is_none_is_refused(visitor: Visitor, city: FakeCity, expires_on: str) -> None:
    await visitor.sign_in("p9001")
    await visitor.get(f"{LIST}/new")
    assert (await visitor.submit(f"{LIST}/new", **FIELDS, expires_on=expires_on)).status == 422
    assert city.accounts.orders == []


@pytest.mark.parametrize("measure", ["enable", "disable", "delete", "one-time-password"])
async def test_measures_are_confirmed_with_a_reason(visitor: Visitor, city: FakeCity, measure: str) -> None:
    await visitor.sign_in("p9001")
    path = f"{LIST}/id-keibi/{measure}"
    assert "警備 太郎" in (await visitor.get(path)).text
    assert (await visitor.submit(path, reason=" ")).status == 422
    done = await visitor.submit(path, reason="退職")
    assert (PASSWORD in done.text) if measure == "one-time-password" else done.location.startswith(f"{LIST}?done=")
    assert city.accounts.changes == [(measure, "id-keibi", "退職")]


async def test_an_auditor_only_looks(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9002")
    page = await visitor.get(LIST)
    assert "警備 太郎" in page.text
    assert "id-keibi/disable" not in page.text
    assert (await visitor.submit(f"{LIST}/id-keibi/disable", reason="x")).status == 403
    assert (await visitor.get(f"{LIST}/new")).status == 403
    assert city.accounts.changes == []


async def test_an_emergency_administrator_is_not_for_those_below(visitor: Visitor, city: FakeCity) -> None:
    city.accounts.begin_emergency()
    await visitor.sign_in("p9001")
    page = await visitor.get(LIST)
    assert "id-emergency-admin/enable" not in page.text
    assert "id-emergency-admin/one-time-password" not in page.text
