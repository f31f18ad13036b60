"""Somebody is on the phone and can't sign in: the page says why and what to do, at its top."""

import msgspec
import pytest

from broker.model.reasons import DenyReason, SignedOutCause, SigninRefusal
from broker.people.hindrances import Hindrance, HindranceKind, SigninKind
from tests.web.browsing import Visitor
from tests.web.fake_help_desk import make_told
from tests.web.fakes import FakeCity
from web.audit_words import SIGNIN_CAUSES
from web.help_words import HINDRANCES, SIGNED_OUT_ADVICE, SIGNIN_ADVICE, SIGNIN_KINDS
from web.reasons import DENIALS


def test_every_cause_has_its_words_and_a_next_step() -> None:
    assert set(SIGNIN_ADVICE) == set(SigninRefusal) <= set(SIGNIN_CAUSES)
    assert set(SIGNED_OUT_ADVICE) >= set(SignedOutCause)
    assert set(HINDRANCES) == set(HindranceKind)
    assert set(SIGNIN_KINDS) == set(SigninKind)
    assert set(DENIALS) == set(DenyReason)


async def test_the_top_of_the_page_says_why_and_what_to_do(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    text = (await visitor.get("/console/people/u-p1001")).text
    top = text[text.index("ログインできない原因と、すること") : text.index("職員ID</dt>")]
    assert "失敗が続いたため待ち時間です" in top
    assert "09:32:00" in top
    assert "認証コード違い" in top
    assert "スマートフォンの時刻を自動設定に" in top


async def test_below_are_the_last_sign_ins_with_place_and_device_locks_sessions_and_pools(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    text = (await visitor.get("/console/people/u-p1001")).text
    for shown in ("閉域SIM", "PC-0101", "利用権がありません", "待ち時間の開始", "LGWAN 標準", "選んだロックを解除する"):
        assert shown in text, shown
    assert 'value="/console/people/u-p1001"' in text, "lifting leads back here"
    assert "庁内の有線LANと貸与端末での判定です" in text


async def test_nothing_in_the_way_is_said_as_such(visitor: Visitor, city: FakeCity) -> None:
    city.help_desk.hindrances = ()
    await visitor.sign_in("p9001")
    assert "ログインの妨げになるものは見つかりません" in (await visitor.get("/console/people/u-p1001")).text


@pytest.mark.parametrize("cause", list(SigninRefusal))
async def test_each_cause_of_a_refusal_is_shown_with_its_next_step(
    visitor: Visitor, city: FakeCity, cause: SigninRefusal
) -> None:
    city.help_desk.hindrances = (Hindrance(kind=HindranceKind.LAST_REFUSED, what=cause),)
    city.help_desk.signins = (make_told(SigninKind.REFUSED, cause),)
    await visitor.sign_in("p9001")
    text = (await visitor.get("/console/people/u-p1001")).text
    assert text.count(SIGNIN_CAUSES[cause]) >= 2
    assert text.count(SIGNIN_ADVICE[cause]) >= 2


async def test_staff_see_none_of_it(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    assert (await visitor.get("/console/people/u-p1001")).status == 403


async def test_the_api_tells_the_same(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    told = msgspec.json.decode((await visitor.ask("GET", "/api/v1/admin/people/u-p1001")).text)
    assert [trouble["kind"] for trouble in told["troubles"]] == ["waits", "last_refused"]
    assert told["troubles"][1]["text"] == "直前のログインは拒否されました: 認証コード違い"
    assert told["signins"][-1]["device"] == "PC-0101"
    assert told["locks"] == ["pair:p1001@192.0.2.10", "acct:p1001@198.51.100.7"]
    assert (await visitor.ask("GET", "/api/v1/admin/people/nobody")).status == 404
