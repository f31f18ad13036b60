"""The portal: what is shown, opened, explained and logged off."""

import re
from importlib.metadata import version

import msgspec
import pytest

from broker.lifecycle.session import SessionState
from broker.model.ids import PoolId, ZoneId
from broker.model.passwords import NewPasswordFault
from broker.model.reasons import DenyReason, EndReason, SigninRefusal, TicketRefusal
from broker.session.records import EndedForPerson
from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity
from tests.web.people import NOW, POOLS, STAFF, make_session
from web.audit_words import DETAIL_NAMES, OUTCOMES, PASSWORD_CAUSES, SIGNIN_CAUSES, TICKET_CAUSES
from web.language import Language, translate
from web.reasons import DENIALS, ENDS, RULE_REASONS, RULES
from web.words import DESKTOP_STATES, ORIGINS, POOL_KINDS, PROTOCOLS, ROLES, SESSION_STATES
from web.zones import COLOURS, zone_colour

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


async def test_kept_work_behind_a_closed_door_is_not_thrown_away_by_mistake(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}
    city.sessions.denied = {POOLS[0][0].id: DenyReason.POOL_CLOSED}
    await visitor.sign_in("p1001")
    text = (await visitor.get("/")).text
    card = text[text.index('data-pool="lgwan-std"') :]
    card = card[: card.index("</li>")]
    assert 'data-card="held"' in card
    for shown in ("作業中の画面が残っています", "現在、受付を停止しています", "なぜ接続できないか"):
        assert shown in card
    before, _summary, behind = card.partition("<summary>")
    assert "/logoff" not in before
    assert "元に戻せません" in behind
    assert "/sessions/s-lgwan-std-p1001/logoff" in behind


async def test_a_zone_has_one_colour_everywhere(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.pools.reverse()
    city.sessions.denied = {}
    await visitor.sign_in("p1001")
    text = (await visitor.get("/")).text
    assert re.findall(r'class="card zone-(\d)" data-pool="([^"]+)"', text) == [
        ("0", "lgwan-own"),
        ("0", "lgwan-std"),
        ("1", "juki"),
    ]
    opened = await visitor.submit("/pools/juki/open")
    assert 'class="zone zone-1"' in (await visitor.get(opened.location)).text


def test_a_zone_of_ones_own_keeps_its_colour() -> None:
    usual = {zone_colour(ZoneId(zone)) for zone in ("lgwan", "resident", "internet")}
    assert len(usual) == 3
    assert zone_colour(ZoneId("school")) == zone_colour(ZoneId("school"))
    assert zone_colour(ZoneId("school")) in set(range(COLOURS)) - usual


async def test_what_ended_without_the_person_is_told(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.ended = [EndedForPerson(pool=POOLS[0][0], reason=EndReason.TERMINATED, ended_at=NOW)]
    await visitor.sign_in("p1001")
    text = (await visitor.get("/")).text
    assert "2026年11月20日（金）09:30に LGWAN 標準 のセッションが終了しました。" in text
    assert "情報システム担当がこのセッションを終了しました" in text


async def test_the_sign_in_before_is_shown_with_its_place(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    text = (await visitor.get("/")).text
    assert re.search(r"前回のログイン</dt>\s*<dd>2026年11月17日（火）09:30 庁内 .*192\.0\.2\.99", text)
    city.people.previous = None
    assert re.search(r"前回のログイン</dt>\s*<dd>記録がありません", (await visitor.get("/")).text)


async def test_what_cannot_be_logged_off_does_not_promise_a_reset(visitor: Visitor, city: FakeCity) -> None:
    city.sessions.denied = {}
    city.sessions.pools = [POOLS[2][0]]
    await visitor.sign_in("p1001")
    text = (await visitor.get("/")).text
    assert "初期化されます" not in text
    assert "「利用を終了」を押すと" in text


@pytest.mark.parametrize("signed_in", [True, False])
async def test_help_and_version_are_a_click_away(visitor: Visitor, signed_in: bool) -> None:
    if signed_in:
        await visitor.sign_in("p1001")
    page = await visitor.get("/help")
    assert page.status == 200
    assert "許可されたデスクトップだけ" in page.text, "the clipboard is not refused everywhere"
    for shown in ("利用を終了", 'href="/help"', "お問い合わせ：情報システム担当", f"Sekisho {version('sekisho')}"):
        assert shown in page.text


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


def test_every_cause_has_its_word() -> None:
    assert set(SIGNIN_CAUSES) >= set(SigninRefusal)
    assert set(PASSWORD_CAUSES) == set(NewPasswordFault)
    assert set(TICKET_CAUSES) == set(TicketRefusal)
    for text in (*SIGNIN_CAUSES.values(), *TICKET_CAUSES.values(), *DETAIL_NAMES.values(), *OUTCOMES.values()):
        assert translate(Language.EN, text) != text
