"""A marked session through a running gateway."""

from typing import Any

import msgspec
import pytest

from broker.model.reasons import EndReason
from broker.model.watermark import OnMissing, WatermarkStyle
from broker.wire.messages import EventKind
from gateway.guacd import GuacdConnection, Opened
from gateway.limits import RelayLimits
from gateway.protocol import encode_instruction
from gateway.relay import Relay
from gateway.watermark import fonts, press
from gateway.watermark.instructions import LAYER, STREAM
from gateway.watermark.tile import NotDrawn
from tests.fakes.broker import make_spec
from tests.fakes.browser import ObedientBrowser
from tests.fakes.guacd import FRAME_TIMESTAMP, PICTURE
from tests.fakes.waiting import until
from tests.fakes.watermark import is_watermark
from tests.gateway.conftest import TICKET, Site, change_grants

TEXT = "関所\xa0太郎 t-sekisho 端末未登録 203.0.113.5 2026-04-01\xa008:30"


def marked(text: str = TEXT, **style: Any) -> dict[str, Any]:
    return change_grants(watermark_text=text, watermark=msgspec.convert(style, WatermarkStyle))


class ForgetfulBrowser(ObedientBrowser):
    """Renders frames and lets the watermark fall."""

    async def _render(self, elements: list[bytes]) -> None:
        if elements[0] != b"blob" or elements[1] != STREAM.encode():
            await super()._render(elements)


async def test_the_picture_is_marked_and_the_acknowledgement_stays_here(site: Site) -> None:
    await site.start()
    async with site.session(**marked()) as browser:
        await until(lambda: site.broker.find(EventKind.DRAWN))
        opcodes = [elements[0] for elements in browser.instructions if is_watermark(elements)]
        assert opcodes == [
            b"size",
            b"img",
            *[b"blob"] * opcodes.count(b"blob"),
            b"end",
            b"size",
            b"move",
            b"rect",
            b"lfill",
        ]
        assert browser.opcodes().index(b"lfill") < browser.opcodes().index(b"sync")
        site.guacd.last.say(
            encode_instruction("size", "0", "800", "600"), encode_instruction("sync", str(FRAME_TIMESTAMP + 1))
        )
        await until(lambda: [b"size", LAYER.encode(), b"800", b"600"] in browser.instructions)
        await until(lambda: [b"sync", str(FRAME_TIMESTAMP + 1).encode()] in site.guacd.last.received)
        assert STREAM.encode() not in {value for each in site.guacd.last.received for value in each}
    await until(lambda: site.broker.find(EventKind.DETACHED))
    assert site.broker.find(EventKind.WATERMARK_NOT_ACKNOWLEDGED) is None
    detached = site.broker.find(EventKind.DETACHED)
    assert detached is not None
    assert detached.bytes_to_browser > len(PICTURE) + 2000, "the watermark is counted"


async def test_the_layer_is_made_anew_while_the_picture_rests(site: Site) -> None:
    await site.start(relay=RelayLimits(watermark_again_s=0.5))
    async with site.session(**marked()) as browser:
        await until(lambda: browser.instructions.count([b"dispose", LAYER.encode()]) > 1)
        cover = [each for each in browser.instructions if is_watermark(each)][-4:]
        assert [each[0] for each in cover] == [b"size", b"move", b"rect", b"lfill"]


async def test_without_a_demand_nothing_is_added(site: Site) -> None:
    await site.start()
    async with site.session() as browser:
        assert not any(map(is_watermark, browser.instructions))


async def test_a_browser_that_lets_it_fall_is_told_of_once(site: Site) -> None:
    await site.start()
    site.issue(**marked())
    async with ForgetfulBrowser(site.port) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: site.broker.find(EventKind.WATERMARK_NOT_ACKNOWLEDGED))
        site.guacd.last.say(encode_instruction("sync", str(FRAME_TIMESTAMP + 1)))
        await until(lambda: [b"sync", str(FRAME_TIMESTAMP + 1).encode()] in site.guacd.last.received)
        assert not browser.is_closed
        assert site.broker.kinds().count(EventKind.WATERMARK_NOT_ACKNOWLEDGED) == 1


async def test_a_site_may_end_such_a_session(site: Site) -> None:
    await site.start()
    site.issue(**marked(on_missing=OnMissing.END))
    async with ForgetfulBrowser(site.port) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: browser.is_closed)
        assert "client_misbehaved" in browser.close_reason or browser.close_code == 1008
    await until(lambda: site.broker.find(EventKind.DETACHED))
    assert site.broker.find(EventKind.WATERMARK_NOT_ACKNOWLEDGED) is not None


async def test_a_browser_that_acknowledges_nothing_is_noticed_by_the_clock(site: Site) -> None:
    await site.start(relay=RelayLimits(watermark_s=0.5))
    site.issue(**marked())
    async with ObedientBrowser(site.port) as browser:
        browser.is_rendering = False
        await browser.show_ticket(TICKET)
        await until(lambda: site.broker.find(EventKind.WATERMARK_NOT_ACKNOWLEDGED))


async def test_without_a_font_no_unmarked_picture_is_shown(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "find_font", lambda: fonts.NoFont("no Japanese font was found"))
    await site.start()
    await expect_refused(site, **marked())
    assert site.guacd.visits == [], "guacd was not even dialled"
    async with site.session() as browser:
        assert b"sync" in browser.opcodes(), "what needs no watermark goes on"


@pytest.mark.parametrize("text", ["", "\x00", "あ" * 301])
async def test_a_text_that_can_not_be_drawn_shows_no_picture(site: Site, text: str) -> None:
    await site.start()
    await expect_refused(site, **marked(text))


async def test_a_drawing_that_fails_shows_no_picture(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "render_tile", lambda *_: NotDrawn("no memory"))
    await site.start()
    await expect_refused(site, **marked())


async def expect_refused(site: Site, **changes: Any) -> None:
    site.issue(**changes)
    async with ObedientBrowser(site.port) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: browser.is_closed)
        assert {b"img", b"sync", b"size"}.isdisjoint(browser.opcodes())
    await until(lambda: site.broker.find(EventKind.DETACHED))
    detached = site.broker.find(EventKind.DETACHED)
    assert detached is not None
    assert detached.reason is EndReason.WATERMARK_UNAVAILABLE
    site.broker.books.clear()


async def test_a_relay_can_not_be_made_without_the_watermark_that_is_demanded() -> None:
    opened = Opened(GuacdConnection(), "", "", frozenset(), b"")
    with pytest.raises(ValueError, match="watermark"):
        Relay(make_spec(**marked()), None, opened, RelayLimits(), None)  # type: ignore[arg-type] # it is never reached
