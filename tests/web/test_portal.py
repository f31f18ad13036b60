"""The portal: what is shown, opened, explained and logged off."""

import msgspec
import pytest

from broker.lifecycle.session import SessionState
from broker.model.ids import PoolId
from broker.model.reasons import DenyReason
from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity
from tests.web.people import POOLS, STAFF, make_session
from web.language import Language, translate
from web.reasons import DENIALS, ENDS, RULE_REASONS, RULES
from web.words import DESKTOP_STATES, ORIGINS, POOL_KINDS, PROTOCOLS, ROLES, SESSION_STATES

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&gt;&lt;img src=x onerror=alert(2)&gt;"


async def test_the_portal_shows_pools_person_and_refusals(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    text = (await visitor.get("/")).text
    for shown in (
        "LGWAN 標準",
        "LGWAN接続系",
        "神谷 𠮷子",
        "市民課",
        "庁内",
        "なぜ接続できないか",
        "利用権がありません",
    ):
        assert shown in text
    assert "管理コンソール" not in text
    assert "2026年11月20日（金）09:30" in text
    assert 'action="/pools/juki/open"' not in text


@pytest.mark.parametrize(
    "state, card, button",
    [
        (SessionState.QUEUED, "wait", "準備状況を見る"),
        (SessionState.REQUESTED, "wait", "準備状況を見る"),
        (SessionState.ACTIVE, "in_use", "この画面で開く"),
        (SessionState.TICKETED, "in_use", "この画面で開く"),
        (SessionState.DISCONNECTED, "reconnect", "再接続"),
        (SessionState.PARKED, "reconnect", "再接続"),
    ],
)
async def test_a_card_offers_what_fits_its_session(
    visitor: Visitor, city: FakeCity, state: SessionState, card: str, button: str
) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF, state)}
    await visitor.sign_in("p1001")
    text = (await visitor.get("/")).text
    assert f'data-pool="lgwan-std" data-card="{card}"' in text
    assert button in text
    assert "/sessions/s-lgwan-std-p1001/logoff" in text


async def test_nothing_to_open_is_said(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.pools = []
    await visitor.sign_in("p1001")
    assert "利用できるデスクトッププールがありません" in (await visitor.get("/")).text


async def test_opening_leads_to_the_session_page(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    await visitor.get("/")
    opened = await visitor.submit("/pools/lgwan-std/open")
    assert (opened.status, opened.location) == (303, "/sessions/s-lgwan-std-p1001")
    page = await visitor.get(opened.location)
    assert page.status == 200
    assert '"sessionId": "s-lgwan-std-p1001"' in page.text
    assert "LGWAN 標準" in page.text


async def test_a_refused_pool_leads_to_its_explanation(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    await visitor.get("/")
    refused = await visitor.submit("/pools/juki/open")
    assert refused.location == "/pools/juki/why"
    text = (await visitor.get(refused.location)).text
    for shown in ("住民情報", "満たしていません", "所属長を通じて", "not_entitled"):
        assert shown in text


async def test_a_pool_or_session_that_is_not_there(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    await visitor.get("/")
    assert (await visitor.submit("/pools/none/open")).status == 404
    assert (await visitor.get("/pools/none/why")).status == 404
    assert (await visitor.get("/sessions/none")).status == 404
    assert (await visitor.get("/sessions/none/logoff")).status == 404


async def test_the_session_of_somebody_else_does_not_exist(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}
    await visitor.sign_in("p9001")
    await visitor.get("/")
    assert (await visitor.ask("GET", "/sessions/s-lgwan-std-p1001")).status == 404
    assert (await visitor.submit("/sessions/s-lgwan-std-p1001/logoff")).status == 404
    assert (await visitor.call("/api/v1/sessions/s-lgwan-std-p1001/ticket")).status == 404
    assert POOLS[0][0].id in city.sessions.live


async def test_logging_off_asks_first(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}
    await visitor.sign_in("p1001")
    asked = await visitor.get("/sessions/s-lgwan-std-p1001/logoff")
    assert "保存していない内容は失われます" in asked.text
    assert city.sessions.live
    done = await visitor.submit("/sessions/s-lgwan-std-p1001/logoff")
    assert done.location == "/?logged_off=1"
    assert "ログオフしました。" in (await visitor.get(done.location)).text


async def test_a_host_that_cannot_log_off_says_so(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.denied = {}
    city.sessions.live = {POOLS[2][0].id: make_session(POOLS[2][0], STAFF)}
    await visitor.sign_in("p1001")
    asked = await visitor.get("/sessions/s-juki-p1001/logoff")
    assert "そのパソコンの制限時間" in asked.text
    assert (await visitor.submit("/sessions/s-juki-p1001/logoff")).location == "/?logged_off_later=1"


async def test_hostile_names_are_text_everywhere(visitor: Visitor, city: FakeCity) -> None:
    hostile = msgspec.structs.replace(STAFF, display_name=HOSTILE, department=HOSTILE, login="p9001")
    city.signin.users["p9001"] = msgspec.structs.replace(
        city.signin.users["p9001"], display_name=HOSTILE, department=HOSTILE
    )
    city.signin.users["p1001"] = hostile
    city.sessions.pools[0] = msgspec.structs.replace(city.sessions.pools[0], name_ja=HOSTILE, name_en=HOSTILE)
    city.pools.pools = {key: msgspec.structs.replace(pool, name_ja=HOSTILE) for key, pool in city.pools.pools.items()}
    city.sessions.others = [
        msgspec.structs.replace(row, user=hostile, address=HOSTILE, pool=city.sessions.pools[0])
        for row in city.sessions.others
    ]
    city.audit.records = [
        msgspec.structs.replace(row, actor=HOSTILE, detail={HOSTILE: HOSTILE}, event=HOSTILE)
        for row in city.audit.records
    ]
    city.sessions.live = {PoolId("lgwan-std"): make_session(POOLS[0][0], city.signin.users["p9001"])}
    await visitor.sign_in("p9001")
    for path in (
        "/",
        "/sessions/s-lgwan-std-p9001",
        "/pools/lgwan-std/why",
        "/console/pools",
        "/console/pools/lgwan-std/desktops",
        "/console/sessions",
        f"/console/sessions?q={HOSTILE[1:7]}",
        "/console/sessions/s-lgwan-std-p1001/terminate",
        "/console/people?q=p",
        "/console/people/u-p1001",
        "/console/people/u-p1001/lock",
        "/console/audit",
    ):
        page = await visitor.get(path)
        assert page.status == 200, path
        assert "<script>alert" not in page.text, path
        assert "<img src=x" not in page.text, path
    assert ESCAPED in (await visitor.get("/")).text


async def test_names_are_not_normalised(visitor: Visitor, city: FakeCity) -> None:
    city.signin.users["p1001"] = msgspec.structs.replace(STAFF, display_name="\ufa19谷")
    await visitor.sign_in("p1001")
    assert "\ufa19谷" in (await visitor.get("/")).text


async def test_the_portal_speaks_english(visitor: Visitor) -> None:
    assert (await visitor.get("/login")).text.count('lang="ja"') == 1
    switched = await visitor.get("/language/en?back=%2Flogin")
    assert switched.location == "/login"
    assert 'html lang="en"' in (await visitor.get("/login")).text
    await visitor.sign_in("p1001")
    text = (await visitor.get("/")).text
    for shown in ("LGWAN standard", "You have no entitlement", "20 Nov 2026, 09:30", "Sign out everywhere"):
        assert shown in text
    await visitor.get("/language/xx")
    assert 'html lang="en"' in (await visitor.get("/")).text


def test_every_word_exists_in_both_languages() -> None:
    """Each member of each enum has its word, and each word its English."""
    for words in (SESSION_STATES, DESKTOP_STATES, ORIGINS, POOL_KINDS, ROLES, PROTOCOLS):
        kind = type(next(iter(words)))
        assert set(words) == set(kind)
    assert set(DENIALS) == set(DenyReason)
    assert set(ENDS) == set(type(next(iter(ENDS))))
    assert set(RULES) == set(RULE_REASONS)
    for told in (*DENIALS.values(), *ENDS.values()):
        for text in (told.what, told.remedy):
            assert translate(Language.EN, text).isascii() or "“" in translate(Language.EN, text)
            assert translate(Language.JA, text) == text
