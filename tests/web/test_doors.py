"""What nobody gets past: sign-in on every route, forged requests, foreign hosts, headers, other sites."""

import asyncio
import re

import msgspec
import pytest
import structlog.testing
from yarl import URL

from broker.network_settings import PortalSettings
from tests.fakes.waiting import until
from tests.web.browsing import Visitor
from tests.web.fake_signin import CODE, PASSWORD
from tests.web.fakes import FakeCity
from tests.web.people import POOLS, STAFF, make_session
from web.app import create_app
from web.arrival import PortalEntrance
from web.forms import local_path
from web.routes import PUBLIC_ROUTES

_APP = create_app(FakeCity().services(), PortalEntrance(PortalSettings()))


def all_routes() -> list[tuple[str, str]]:
    """Every method and pattern of the portal."""
    found: list[tuple[str, str]] = []
    for route in _APP.router.routes():
        assert route.resource is not None
        found.append((route.method, route.resource.canonical))
    return found


def as_path(pattern: str) -> str:
    chosen = {"gate": "open", "measure": "lock", "factor_measure": "reset-factor", "account_measure": "disable"}
    return re.sub(r"\{(\w+)\}", lambda match: chosen.get(match[1], "x"), pattern)


PRIVATE = [(method, pattern) for method, pattern in all_routes() if pattern not in PUBLIC_ROUTES]


def test_every_public_route_exists() -> None:
    assert {pattern for _method, pattern in all_routes()} >= PUBLIC_ROUTES
    assert len(PRIVATE) > 40


@pytest.mark.parametrize("method, pattern", PRIVATE)
async def test_no_route_answers_without_signin(visitor: Visitor, method: str, pattern: str) -> None:
    headers = {"Origin": visitor.origin, "X-CSRF-Token": "x"}
    page = await visitor.ask(method, as_path(pattern), headers=headers)
    if pattern.startswith("/api/"):
        assert page.status == 401
        assert method == "HEAD" or '"code":"not_signed_in"' in page.text
    else:
        assert (page.status, page.location) == (303, "/login")


@pytest.mark.parametrize("method, pattern", PRIVATE)
async def test_staff_without_a_role_stay_out_of_the_console(visitor: Visitor, method: str, pattern: str) -> None:
    if not pattern.startswith(("/console", "/api/v1/admin")):
        return
    await visitor.sign_in("p1001")
    await visitor.get("/")
    headers = {"Origin": visitor.origin, "X-CSRF-Token": visitor.last.token()}
    assert (await visitor.ask(method, as_path(pattern), headers=headers)).status == 403


UNSAFE = [pattern for method, pattern in all_routes() if method == "POST"]


@pytest.mark.parametrize("pattern", UNSAFE)
@pytest.mark.parametrize("forgery", ["no token", "wrong token", "no origin", "other origin", "cross-site", "null"])
async def test_no_unsafe_request_is_forged(visitor: Visitor, city: FakeCity, pattern: str, forgery: str) -> None:
    if pattern in PUBLIC_ROUTES:
        await visitor.get("/login")
    else:
        await visitor.sign_in("p9001")
        await visitor.get("/")
    attempts = len(city.signin.attempts)
    headers = {"Origin": visitor.origin, "X-CSRF-Token": visitor.last.token()}
    match forgery:
        case "no token":
            del headers["X-CSRF-Token"]
        case "wrong token":
            headers["X-CSRF-Token"] = "0" * 43
        case "no origin":
            del headers["Origin"]
        case "other origin":
            headers["Origin"] = "http://localhost:1"
        case "cross-site":
            headers["Sec-Fetch-Site"] = "cross-site"
        case _:
            headers["Origin"] = "null"
    page = await visitor.ask("POST", as_path(pattern), headers=headers)
    assert page.status == 403
    assert "csrf_refused" in page.text
    assert len(city.signin.attempts) == attempts
    assert city.people.done == city.pools.asked == []


async def test_a_token_of_before_signin_is_worth_nothing_after_it(visitor: Visitor) -> None:
    door = await visitor.get("/login")
    await visitor.sign_in("p1001")
    headers = {"Origin": visitor.origin, "X-CSRF-Token": door.token()}
    assert (await visitor.ask("POST", "/signout", headers=headers)).status == 403


async def test_an_unknown_host_gets_a_page_that_says_so(visitor: Visitor) -> None:
    page = await visitor.ask("GET", "/login", headers={"Host": "evil.example"})
    assert page.status == 421
    assert "このアドレスではサービスを提供していません" in page.text
    api = await visitor.ask("GET", "/api/v1/me", headers={"Host": "evil.example:8400"})
    assert '"code":"unknown_host"' in api.text


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/api/v1/me", "/static/css/page.css"])
async def test_every_answer_carries_the_security_headers(visitor: Visitor, path: str) -> None:
    page = await visitor.get(path)
    policy = page.headers["Content-Security-Policy"]
    for directive in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "clipboard-read=()" in page.headers["Permissions-Policy"]
    assert page.headers["Cache-Control"] == ("no-cache" if path.startswith("/static/") else "no-store")
    assert "Strict-Transport-Security" not in page.headers


async def test_only_the_session_page_may_reach_the_tunnel(visitor: Visitor) -> None:
    assert "ws:" not in (await visitor.get("/login")).headers["Content-Security-Policy"]
    page = await visitor.get("/sessions/x")
    port = int(visitor.origin.rpartition(":")[2]) + 1
    assert f"connect-src 'self' ws://localhost:{port};" in page.headers["Content-Security-Policy"]


async def test_pages_hold_no_inline_script_or_style(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    for path in ("/", "/console/pools", "/console/audit", "/pools/juki/why"):
        text = (await visitor.get(path)).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)


@pytest.mark.parametrize(
    "back",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nX: y", "javascript:x()", "", "/\t/x"],
)
async def test_the_language_switch_leads_nowhere_else(visitor: Visitor, back: str) -> None:
    assert local_path(back) == "/"
    page = await visitor.ask("GET", str(URL("/language/en").with_query(back=back)))
    assert page.location == "/"


async def test_a_body_that_is_too_large_is_refused(visitor: Visitor, city: FakeCity) -> None:
    await visitor.get("/login")
    page = await visitor.submit("/login", login="p1001", password="x" * 100_000)
    assert page.status == 413
    assert "大きすぎます" in page.text
    assert city.signin.attempts == []


async def test_wrong_paths_and_methods_are_told_in_both_languages(visitor: Visitor) -> None:
    assert "ページが見つかりません" in (await visitor.get("/nowhere")).text
    wrong = await visitor.ask("DELETE", "/login", headers={"Origin": visitor.origin})
    assert wrong.status == 405
    assert "この方法ではアクセスできません" in wrong.text
    await visitor.get("/language/en")
    assert "Page not found" in (await visitor.get("/nowhere")).text
    await visitor.sign_in("p1001")
    await visitor.get("/")
    headers = {"Origin": visitor.origin, "X-CSRF-Token": visitor.last.token()}
    wrong = await visitor.ask("PUT", "/pools/lgwan-std/open", headers=headers)
    assert wrong.status == 405
    assert wrong.headers["Allow"] == "POST"


async def test_a_session_of_another_city_is_no_session(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    (key, auth), *_rest = city.signin.signed_in.items()
    foreign = msgspec.structs.replace(auth.user, tenant_id="elsewhere")
    city.signin.signed_in[key] = msgspec.structs.replace(auth, user=foreign)
    assert (await visitor.get("/")).location == "/login?ended=1"


async def test_the_password_does_not_come_back(visitor: Visitor) -> None:
    await visitor.get("/login")
    page = await visitor.submit("/login", login="down", password=PASSWORD)
    assert PASSWORD not in page.text
    assert CODE not in page.text


async def test_a_file_that_is_not_there_is_told_in_words(visitor: Visitor) -> None:
    for path in ("/static/session/gone.js", "/static/css", "/static/" + "x/" * 50):
        page = await visitor.ask("GET", path)
        assert page.status == 404
        assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "ページが見つかりません" in page.text
        assert page.headers["Cache-Control"] == "no-store"
    assert (await visitor.ask("GET", "/static/css/page.css")).status == 200


async def test_no_site_learns_where_a_person_was(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}
    await visitor.sign_in(STAFF.login)
    for path, policy in {
        "/": "same-origin",
        "/sessions/s-lgwan-std-p1001": "no-referrer",
        "/sessions/s-lgwan-std-p1001/logoff": "same-origin",
    }.items():
        page = await visitor.get(path)
        assert (page.status, page.headers["Referrer-Policy"]) == (200, policy)


@pytest.mark.parametrize("path", ["/static/../x", "/static/%2e%2e/x", "/static/" + "a" * 5000])
async def test_a_path_that_only_looks_like_a_file_is_not_found(visitor: Visitor, path: str) -> None:
    await visitor.sign_in("p1001")
    page = await visitor.ask_raw(f"GET {path} HTTP/1.1")
    assert page.status == 404
    assert "ページが見つかりません" in page.text


async def test_a_body_that_does_not_unpack_is_a_bad_request(visitor: Visitor) -> None:
    headers = ("Content-Type: application/x-www-form-urlencoded", "Content-Encoding: gzip", "Content-Length: 3")
    page = await visitor.ask_raw("POST /login HTTP/1.1", *headers, body=b"abc")
    assert page.status == 400
    assert "送信された内容を読み取れませんでした" in page.text


async def test_who_hangs_up_in_the_middle_of_a_form_leaves_no_trace(portal_url: str) -> None:
    """No fault of ours: nothing above debug in the log."""
    url = URL(portal_url)
    assert url.host is not None
    head = f"POST /login HTTP/1.1\r\nHost: {url.authority}\r\nContent-Length: 100\r\nExpect: 100-continue\r\n"
    with structlog.testing.capture_logs() as logged:
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin=".encode())
        assert b"100 Continue" in await reader.readline()
        writer.transport.abort()
        await until(lambda: logged, what="the portal notices that the visitor went away")
    assert [(line["event"], line["log_level"]) for line in logged] == [("client went away", "debug")]
