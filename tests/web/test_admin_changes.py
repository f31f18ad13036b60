"""On the admin socket nobody is signed in: who asks or approves there signs in for that call alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, UnixConnector, web

from broker.model.kinds import Role
from tests.web.fake_signin import CODE, PASSWORD
from tests.web.fakes import FakeCity
from web.admin_socket import create_admin_app

ORDER = {"ends_on": "2027-03-31", "grants": ["print_out"], "reason": "工事"}


def proof(login: str, code: str = CODE) -> dict[str, str]:
    return {"login": login, "password": PASSWORD, "code": code}


class Socket:
    def __init__(self, client: ClientSession) -> None:
        self._client = client

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        async with self._client.post(f"http://sekisho/api/v1/admin{path}", json=body) as response:
            return response.status, await response.json()


@pytest.fixture
async def admin(city: FakeCity, tmp_path: Path) -> AsyncIterator[Socket]:
    runner = web.AppRunner(create_admin_app(city.services()), access_log=None)
    await runner.setup()
    path = str(tmp_path / "admin.sock")
    await web.UnixSite(runner, path).start()
    async with ClientSession(connector=UnixConnector(path)) as client:
        yield Socket(client)
    await runner.cleanup()


async def test_a_person_asks_and_another_approves_and_neither_stays_signed_in(admin: Socket, city: FakeCity) -> None:
    status, asked = await admin.post("/exceptions", ORDER | {"sign_in": proof("p9001")})
    assert (status, asked["requested_by"]) == (200, "user:u-p9001")
    path = f"/changes/{asked['id']}/decide"
    status, own = await admin.post(path, {"decision": "approved", "reason": "x", "sign_in": proof("p9001")})
    assert (status, own["error"]["code"]) == (400, "own_request")
    status, nobody = await admin.post(path, {"decision": "approved", "reason": "x"})
    assert (status, nobody["error"]["code"]) == (400, "not_signed_in")
    status, approved = await admin.post(path, {"decision": "approved", "reason": "確認", "sign_in": proof("p9003")})
    assert (status, approved["decided_by"]) == (200, "user:u-p9003")
    assert city.signin.signed_in == {}


async def test_who_does_not_get_through_the_door_does_not_act(admin: Socket, city: FakeCity) -> None:
    for wrong in (proof("p9001", "000000"), proof("nobody"), proof("down"), proof("slow")):
        status, refused = await admin.post("/exceptions", ORDER | {"sign_in": wrong})
        assert (status, refused["error"]["code"]) == (400, "sign_in_refused"), wrong
    auditor = await admin.post("/exceptions", ORDER | {"sign_in": proof("p9002")})
    assert auditor[0] == 403
    assert city.changes.rows == []
    assert city.signin.signed_in == {}


async def test_a_terminal_shows_no_passkey_so_who_needs_one_acts_in_the_console(admin: Socket, city: FakeCity) -> None:
    city.signin.withheld_roles = frozenset({Role.TENANT_ADMIN})
    status, refused = await admin.post("/exceptions", ORDER | {"sign_in": proof("p9001")})
    assert (status, refused["error"]["code"]) == (403, "passkey_required")
    assert city.changes.rows == []
    assert city.signin.signed_in == {}


async def test_a_mode_that_waits_for_its_second_person_is_told_with_the_id_of_the_request(
    admin: Socket, city: FakeCity
) -> None:
    city.policy.wants_two = True
    order = {"mode": "bcp", "until": "2999-01-01T00:00:00+09:00", "reason": "地震", "sign_in": proof("p9001")}
    status, state = await admin.post("/mode", order)
    assert (status, state["now"], state["awaits"]) == (200, "normal", "c-1")
    assert city.signin.signed_in == {}


async def test_hours_of_another_time_zone_are_refused_before_they_could_hold(admin: Socket, city: FakeCity) -> None:
    """They could not be compared with the tenant's own: no decision and no look at live sessions would end."""
    hours = {"opens": "08:30:00+09:00", "closes": "17:15:00+09:00"}
    hours |= {"lunch_from": "12:00:00+09:00", "lunch_to": "13:00:00+09:00"}
    body = {"rules": {"restrictions": {"hours": hours}}, "based_on": 0, "reason": "見直し", "sign_in": proof("p9001")}
    status, refused = await admin.post("/rules", body)
    assert (status, refused["error"]["code"]) == (400, "bad_request")
    assert city.changes.rows == []
