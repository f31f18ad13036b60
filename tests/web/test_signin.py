"""Signing in, as people do it."""

import pytest

from broker.model.arrival import Arrival
from broker.network_settings import PortalSettings
from tests.web.browsing import Visitor
from tests.web.fake_signin import CODE, PASSWORD, RECOVERY_CODE
from tests.web.fakes import FakeCity
from web.cookies import Cookie


async def test_a_member_of_staff_signs_in_with_password_and_code(visitor: Visitor, city: FakeCity) -> None:
    assert (await visitor.get("/")).location == "/login"
    entered = await visitor.sign_in("p1001")
    assert entered.location == "/"
    portal = await visitor.get("/")
    assert portal.status == 200
    assert "神谷 𠮷子" in portal.text
    assert city.signin.attempts[-1].hostname == "localhost"


async def test_a_session_of_another_entrance_is_signed_out_and_told_why(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    city.signin.move("internet")
    refused = await visitor.get("/")
    assert refused.location == "/login?ended=other_entrance"
    assert Cookie.SESSION not in visitor.cookies
    assert "異なる接続元から操作されたため、ログアウトしました" in (await visitor.get(refused.location)).text


async def test_the_api_says_too_that_the_entrance_is_another(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    city.signin.move("internet")
    refused = await visitor.get("/api/v1/me")
    assert refused.status == 401
    assert "異なる接続元" in refused.text


@pytest.mark.parametrize(
    "header, value",
    [
        ("X-Forwarded-For", "10.0.0.1"),
        ("Forwarded", "for=10.0.0.1"),
        ("X-Real-IP", "10.0.0.1"),
        ("Sekisho-Client-Address", "10.0.0.1"),
        ("Sekisho-Entrance", "office"),
        ("Sekisho-Device-Certificate", "MIIBhzCCAS2gAwIBAgIU"),
        ("X-SSL-Client-Cert", "-----BEGIN CERTIFICATE-----"),
        ("X-Client-Verify", "SUCCESS"),
        ("X-Device-Id", "PC-0101"),
        ("X-MAC-Address", "00:53:00:00:00:01"),
    ],
)
async def test_no_header_of_a_client_says_where_it_comes_from_or_what_it_is(
    visitor: Visitor, city: FakeCity, header: str, value: str
) -> None:
    plain = PortalSettings()
    page = await visitor.get("/login")
    form = {"csrf_token": page.token(), "login": "p1001", "password": PASSWORD}
    await visitor.ask("POST", "/login", form=form, headers={"Origin": visitor.origin, header: value})
    arrival = city.signin.attempts[-1].arrival
    assert arrival == Arrival(entrance="portal", address="127.0.0.1", place=plain.place)


async def test_a_newcomer_registers_the_authenticator_app(visitor: Visitor) -> None:
    await visitor.get("/login")
    assert (await visitor.submit("/login", login="p2001", password=PASSWORD)).location == "/login/enrol"
    offer = await visitor.get("/login/enrol")
    assert "<svg" in offer.text
    assert "JBSW Y3DP" in offer.text
    assert "style=" not in offer.text
    wrong = await visitor.submit("/login/enrol", code="111111")
    assert wrong.status == 403
    assert "認証コードが正しくない" in wrong.text
    done = await visitor.submit("/login/enrol", code=CODE)
    assert done.status == 200
    assert "0010-wxyz-0010" in done.text
    assert Cookie.SESSION in done.cookies
    assert (await visitor.get("/")).status == 200


async def test_one_refusal_for_a_wrong_password_and_a_wrong_code(visitor: Visitor) -> None:
    await visitor.get("/login")
    first = await visitor.submit("/login", login="p1001", password="wrong")
    assert first.location == "/login/code"
    await visitor.get("/login/code")
    refused = await visitor.submit("/login/code", code=CODE)
    assert refused.status == 403
    assert "ログインできませんでした" in refused.text
    assert Cookie.SIGNIN not in visitor.cookies
    assert Cookie.SESSION not in visitor.cookies


async def test_a_recovery_code_signs_in_and_says_so(visitor: Visitor) -> None:
    entered = await visitor.sign_in("p1001", RECOVERY_CODE)
    assert entered.location == "/?recovery=1"
    assert "非常用コードでログインしました" in (await visitor.get(entered.location)).text


@pytest.mark.parametrize(
    "login, password, status, told",
    [
        ("down", PASSWORD, 503, "職員情報を確認できません"),
        ("slow", PASSWORD, 429, "2026年11月20日（金）09:35:00"),
        ("", PASSWORD, 422, "両方を入力"),
        ("p1001", "", 422, "両方を入力"),
    ],
)
async def test_trouble_is_said_in_plain_words(
    visitor: Visitor, login: str, password: str, status: int, told: str
) -> None:
    await visitor.get("/login")
    page = await visitor.submit("/login", login=login, password=password)
    assert page.status == status
    assert told in page.text
    assert 'href="#login"' in page.text


async def test_an_empty_password_never_reaches_the_service(visitor: Visitor, city: FakeCity) -> None:
    await visitor.get("/login")
    await visitor.submit("/login", login="p1001", password="")
    assert city.signin.attempts == []


async def test_too_many_codes_wait_as_well(visitor: Visitor) -> None:
    await visitor.get("/login")
    await visitor.submit("/login", login="p1001", password=PASSWORD)
    await visitor.get("/login/code")
    page = await visitor.submit("/login/code", code="000000")
    assert page.status == 429


async def test_the_code_step_without_a_password_step_begins_again(visitor: Visitor) -> None:
    assert (await visitor.get("/login/code")).location == "/login"
    assert (await visitor.get("/login/enrol")).location == "/login"


async def test_cookies_are_host_bound_secure_and_new_at_each_signin(visitor: Visitor) -> None:
    first = await visitor.sign_in("p1001")
    session, tunnel = first.cookies[Cookie.SESSION], first.cookies[Cookie.TUNNEL]
    for morsel, same_site in ((session, "Lax"), (tunnel, "Strict")):
        assert morsel["secure"]
        assert morsel["httponly"]
        assert morsel["path"] == "/"
        assert morsel["domain"] == ""
        assert morsel["samesite"] == same_site
    assert first.cookies[Cookie.SIGNIN]["max-age"] == "0"
    await visitor.get("/")
    await visitor.submit("/signout")
    again = await visitor.sign_in("p1001")
    assert again.cookies[Cookie.SESSION].value != session.value
    assert again.cookies[Cookie.TUNNEL].value != tunnel.value


async def test_signing_out_ends_the_session_and_leaves_nothing(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    await visitor.get("/")
    kept = dict(visitor.cookies)
    out = await visitor.submit("/signout")
    assert out.location == "/login"
    assert '"storage"' in out.headers["Clear-Site-Data"]
    assert city.signin.signed_in == {}
    visitor.cookies = kept
    page = await visitor.get("/")
    assert page.location == "/login?ended=1"
    assert Cookie.SESSION not in visitor.cookies


async def test_signing_out_everywhere_ends_all_sessions(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    await visitor.sign_in_elsewhere("p1001", city)
    await visitor.get("/")
    await visitor.submit("/signout/everywhere")
    assert city.signin.signed_in == {}


async def test_the_door_is_shown_once(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    assert (await visitor.get("/login")).location == "/"


async def test_signing_in_again_in_the_same_browser_ends_the_sign_in_of_before(
    visitor: Visitor, city: FakeCity
) -> None:
    await visitor.sign_in("p1001")
    before = visitor.cookies[Cookie.SESSION]
    del visitor.cookies[Cookie.SESSION]
    await visitor.get("/login")
    await visitor.submit("/login", login="p9001", password=PASSWORD)
    await visitor.get("/login/code")
    visitor.cookies[Cookie.SESSION] = before  # two windows, of which the first was finished in between
    await visitor.submit("/login/code", code=CODE)
    assert list(city.signin.signed_in) == [visitor.cookies[Cookie.SESSION]]
    assert before not in city.signin.signed_in


async def test_the_browsers_mark_outlives_sign_out_and_no_script_reads_it(visitor: Visitor) -> None:
    mark = (await visitor.sign_in("p1001")).cookies[Cookie.BROWSER]
    assert (mark.value, mark["secure"], mark["httponly"], mark["path"]) == ("mark-of-p1001", True, True, "/")
    assert (mark["domain"], int(mark["max-age"]) > 30 * 86_400) == ("", True)
    await visitor.get("/")
    await visitor.submit("/signout")
    assert visitor.cookies[Cookie.BROWSER] == "mark-of-p1001"
    assert Cookie.SESSION not in visitor.cookies
