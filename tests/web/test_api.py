"""The REST API, by browser and by the admin socket."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from openapi_spec_validator import validate

from broker.errors import StoreUnavailable
from broker.model.reasons import EndReason
from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity
from tests.web.people import POOLS, STAFF, make_session
from web.admin_socket import create_admin_app
from web.api.openapi import openapi_document
from web.api.operation import Audience
from web.api.table import OPERATIONS

ROOT: Final = "/api/v1"


def read(text: str) -> Any:
    return msgspec.json.decode(text)


def test_the_description_is_valid_openapi() -> None:
    document = msgspec.json.decode(msgspec.json.encode(openapi_document()))
    validate(document)
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, entry in document["paths"].items() for method in entry}
    assert described == {(one.method, ROOT + one.path) for one in OPERATIONS}
    assert len({one.operation_id for one in OPERATIONS}) == len(OPERATIONS)


async def test_the_description_is_served_to_everybody(visitor: Visitor) -> None:
    assert read((await visitor.get(f"{ROOT}/openapi.json")).text)["info"]["title"] == "Sekisho"


async def test_a_person_sees_themselves_and_their_pools(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}
    await visitor.sign_in("p1001")
    me = read((await visitor.ask("GET", f"{ROOT}/me")).text)
    assert (me["login"], me["display_name"], me["origin"], me["roles"]) == ("p1001", "神谷 𠮷子", "office", [])
    pools = read((await visitor.ask("GET", f"{ROOT}/pools")).text)["pools"]
    assert [(one["id"], one["refusal"]) for one in pools] == [
        ("lgwan-std", None),
        ("lgwan-own", None),
        ("juki", "not_entitled"),
    ]
    sessions = read((await visitor.ask("GET", f"{ROOT}/sessions")).text)["sessions"]
    assert [(one["id"], one["state"]) for one in sessions] == [("s-lgwan-std-p1001", "disconnected")]
    why = read((await visitor.ask("GET", f"{ROOT}/pools/juki/why")).text)
    assert (why["is_allowed"], why["reason"]) == (False, "not_entitled")
    assert [one["rule"] for one in why["rules"] if not one["passed"]] == ["entitled"]


async def test_a_ticket_comes_when_the_desktop_is_ready(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    await visitor.get("/")
    opened = read((await visitor.call(f"{ROOT}/pools/lgwan-std/open")).text)
    city.sessions.waits = 1
    path = f"{ROOT}/sessions/{opened['id']}/ticket"
    waiting = read((await visitor.call(path)).text)
    assert (waiting["status"], waiting["position"]) == ("preparing", 1)
    issued = read((await visitor.call(path)).text)
    assert issued["status"] == "issued"
    assert len(issued["ticket"]) == 43
    city.sessions.over[opened["id"]] = EndReason.TERMINATED
    assert read((await visitor.call(path)).text) == {"status": "over", "reason": "terminated"}


async def test_leaving_by_the_api(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}
    await visitor.sign_in("p1001")
    await visitor.get("/")
    path = f"{ROOT}/sessions/s-lgwan-std-p1001"
    assert read((await visitor.call(f"{path}/disconnect")).text) == {"session_id": "s-lgwan-std-p1001"}
    done = read((await visitor.call(f"{path}/logoff")).text)
    assert done == {"session_id": "s-lgwan-std-p1001", "work_goes_on_until_limit": False}
    assert (await visitor.call(f"{path}/logoff")).status == 404


async def test_a_refusal_names_its_reason_and_the_next_step(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    await visitor.get("/")
    refused = await visitor.call(f"{ROOT}/pools/juki/open")
    assert refused.status == 403
    error = read(refused.text)["error"]
    assert error["code"] == "not_entitled"
    assert error["message"] == "利用権がありません"
    assert "所属長" in error["next_step"]
    missing = read((await visitor.call(f"{ROOT}/pools/none/open")).text)["error"]
    assert missing["code"] == "no_such_pool"


@pytest.mark.parametrize(
    "body, status",
    [
        (b"{", 400),
        (b"", 400),
        (b"[]", 400),
        (b'{"reason": ""}', 400),
        (b'{"reason": "   "}', 400),
        (b'{"reason": 5}', 400),
        (b'{"reason": "x", "more": 1}', 400),
        (b'{"reason": "\xff"}', 400),
        (b'{"reason": "' + b"x" * 100_000 + b'"}', 413),
    ],
)
async def test_bad_bodies_are_refused(visitor: Visitor, city: FakeCity, body: bytes, status: int) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/")
    headers = {
        "Host": visitor.origin.removeprefix("http://"),
        "Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items()),
        "Origin": visitor.origin,
        "X-CSRF-Token": visitor.last.token(),
        "Content-Type": "application/json",
    }
    async with visitor.client.post(f"{ROOT}/admin/people/u-p1001/lock", data=body, headers=headers) as answer:
        assert answer.status == status
        error = (await answer.json())["error"]
        assert "ポータル" not in error["next_step"], "a program has no portal to go back to"
    assert city.people.done == []


async def test_a_field_that_does_not_fit_is_named(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/")
    wrong = {"approvals": [{"login": "p1", "ends_on": "2026-13-31", "reason": "x"}]}
    error = read((await visitor.call(f"{ROOT}/admin/approvals", wrong)).text)["error"]
    assert (error["code"], "$.approvals[0].ends_on" in error["message"]) == ("bad_request", True)


async def test_a_form_is_no_json(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/")
    headers = {"Origin": visitor.origin, "X-CSRF-Token": visitor.last.token()}
    page = await visitor.ask("POST", f"{ROOT}/admin/people/u-p1001/lock", form={"reason": "x"}, headers=headers)
    assert page.status == 415


async def test_a_fault_tells_nothing_of_its_insides(
    visitor: Visitor, city: FakeCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_auth: object) -> None:
        raise RuntimeError("secret insides")

    async def be_away(_auth: object) -> None:
        raise StoreUnavailable("host=db password=x")

    await visitor.sign_in("p1001")
    monkeypatch.setattr(city.sessions, "portal", fail)
    for path in ("/", f"{ROOT}/pools"):
        page = await visitor.ask("GET", path)
        assert page.status == 500
        assert "insides" not in page.text
    monkeypatch.setattr(city.sessions, "portal", be_away)
    page = await visitor.ask("GET", f"{ROOT}/pools")
    assert page.status == 503
    assert read(page.text)["error"]["code"] == "store_unavailable"
    assert "password" not in page.text


@pytest.fixture
async def local(city: FakeCity, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """The admin socket, as the command line reaches it."""
    runner = web.AppRunner(create_admin_app(city.services()), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "admin.sock")).start()
    connector = aiohttp.UnixConnector(str(tmp_path / "admin.sock"))
    async with aiohttp.ClientSession("http://broker", connector=connector) as client:
        yield client
    await runner.cleanup()


async def test_the_admin_socket_acts_as_its_peer(city: FakeCity, local: aiohttp.ClientSession) -> None:
    async with local.get(f"{ROOT}/admin/pools") as answer:
        assert [one["id"] for one in (await answer.json())["pools"]] == ["lgwan-std", "lgwan-own", "juki"]
    async with local.post(f"{ROOT}/admin/people/u-p1001/lock", json={"reason": "紛失"}) as answer:
        assert await answer.json() == {"user_id": "u-p1001"}
    assert city.people.done == [f"lock p1001 by local:{os.getuid()}: 紛失"]
    async with local.get(f"{ROOT}/admin/audit?limit=2") as answer:
        page = await answer.json()
        assert [one["id"] for one in page["records"]] == [120, 119]
        assert page["next_before"] == 119


async def test_the_admin_socket_has_no_person_and_needs_a_known_tenant(local: aiohttp.ClientSession) -> None:
    async with local.get(f"{ROOT}/me") as answer:
        assert answer.status == 404
    async with local.get(f"{ROOT}/admin/pools", headers={"X-Sekisho-Tenant": "other"}) as answer:
        assert (await answer.json())["error"]["code"] == "unknown_tenant"


async def test_another_user_on_the_host_is_refused(
    local: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.admin_socket.peer_uid", lambda _request: 65534)
    async with local.get(f"{ROOT}/admin/pools") as answer:
        assert answer.status == 403


async def test_without_a_socket_there_is_no_peer(misplaced: Visitor) -> None:
    page = await misplaced.ask("GET", f"{ROOT}/admin/pools")
    assert page.status == 403


@pytest.fixture
async def misplaced(city: FakeCity) -> AsyncIterator[Visitor]:
    """The admin application served over TCP by mistake."""
    async with TestClient(TestServer(create_admin_app(city.services()))) as client:
        yield Visitor(client, "http://broker")


def test_no_console_answer_names_a_host_or_a_credential() -> None:
    """Only the list of permitted flows tells ports and addresses: that is what it is for, and no session's."""
    schemas = openapi_document()["components"]["schemas"]
    # A person's own password and code go in, on the admin socket; no answer has this part.
    answers = {name: schema for name, schema in schemas.items() if name != "SignInProof"}
    for name, schema in answers.items():
        for field in schema.get("properties", {}):
            assert field not in {"endpoint", "credential", "password", "host"}, name
            assert field not in {"port", "addresses"} or name in {"PermittedFlow", "FlowEnd"}, name
    assert {one.audience for one in OPERATIONS} == set(Audience)
