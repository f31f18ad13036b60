"""What everybody reads while the tenant is not in its normal mode."""

from datetime import timedelta

import msgspec
import pytest

from broker.model.kinds import Mode
from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity
from tests.web.people import NOW, TENANT
from web.mode_banner import banner_of
from web.words import MODES

LATER = NOW + timedelta(hours=3)


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.NORMAL])
def test_every_other_mode_has_its_words_until_it_ends(mode: Mode) -> None:
    tenant = msgspec.structs.replace(TENANT, mode=mode, mode_until=LATER)
    shown = banner_of(tenant, NOW)
    assert shown is not None
    assert (shown.until, "訓練" in shown.text) == (LATER, False)
    assert banner_of(tenant, LATER) is None
    drill = banner_of(msgspec.structs.replace(tenant, mode_is_drill=True), NOW)
    assert drill is not None
    assert MODES[mode].removesuffix("中") in drill.text, "a drill says what it is a drill of"
    assert "訓練中です。接続できるかどうかは変わりません。" in drill.text
    assert banner_of(TENANT, NOW) is None


@pytest.mark.parametrize("is_drill", [True, False])
async def test_it_stands_on_portal_and_console_and_strangers_do_not_see_it(
    visitor: Visitor, city: FakeCity, monkeypatch: pytest.MonkeyPatch, is_drill: bool
) -> None:
    tenant = msgspec.structs.replace(TENANT, mode=Mode.MAINTENANCE, mode_is_drill=is_drill)
    monkeypatch.setattr("tests.web.fake_signin.TENANT", tenant)
    assert "mode-banner" not in (await visitor.get("/login")).text
    await visitor.sign_in("p9001")
    for path in ("/", "/console/pools", "/help"):
        page = (await visitor.get(path)).text
        assert 'class="mode-banner"' in page, path
        assert ("接続できません" in page.partition("<main")[0]) is not is_drill, path
    assert city.policy.state.mode is Mode.NORMAL
