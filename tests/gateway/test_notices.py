"""The page learns in the tunnel itself what is granted and when it will end: also while the broker is away."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.model.grants import Grants
from broker.model.reasons import EndReason
from gateway.limits import Clocks
from gateway.notices import IDLE_AGAIN_S, TELL_AGAIN_S, Notices, idle_left_s, next_end
from gateway.protocol import InstructionReader, encode_instruction
from tests.fakes.broker import make_spec
from tests.fakes.browser import ObedientBrowser
from tests.fakes.waiting import until
from tests.gateway.conftest import Site, change_grants

NOW = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)


def clocks(session_s: float = 0.0, input_s: float = 0.0, broker_s: float = 1.0) -> Clocks:
    return Clocks(
        now=NOW + timedelta(seconds=session_s),
        session_s=session_s,
        input_s=input_s,
        browser_s=0.0,
        guacd_s=0.0,
        broker_s=broker_s,
        stalled_s=0.0,
        guacd_stalled_s=0.0,
        is_guacd_read=True,
    )


class Page:
    """What was told."""

    def __init__(self, **grants: object) -> None:
        self.spec = make_spec(**change_grants(**grants), max_unsupervised_s=900)
        self.notices = Notices(self.spec, self._take)
        self._heard: list[list[str]] = []

    def _take(self, instructions: bytes) -> None:
        reader = InstructionReader()
        reader.feed(instructions)
        for elements in iter(reader.next, None):
            opcode, *words = [element.decode() for element in elements]
            assert opcode == "", "it stays between gateway and page"
            self._heard.append(words)

    def heard(self) -> list[list[str]]:
        heard, self._heard = self._heard, []
        return heard


@pytest.mark.parametrize(
    "ends_after_s, session_s, broker_s, reason, left_s",
    [
        (None, 100.0, 1.0, EndReason.ABSOLUTE_LIMIT, 900.0),
        (600, 100.0, 1.0, EndReason.HOURS_ENDED, 500.0),
        (5000, 100.0, 1.0, EndReason.ABSOLUTE_LIMIT, 900.0),
        (None, 100.0, 59.0, EndReason.ABSOLUTE_LIMIT, 900.0),
        (None, 100.0, 300.0, EndReason.UNSUPERVISED, 600.0),
    ],
)
def test_the_first_end_is_told(
    ends_after_s: int | None, session_s: float, broker_s: float, reason: EndReason, left_s: float
) -> None:
    ends_at = None if ends_after_s is None else NOW + timedelta(seconds=ends_after_s)
    page = Page(absolute_limit_s=1000, ends_at=ends_at)
    end = next_end(page.spec, clocks(session_s, broker_s=broker_s))
    assert (end.reason, end.left_s) == (reason, left_s)


def test_it_is_told_once_and_again_when_it_changes_or_a_minute_has_passed() -> None:
    page = Page(absolute_limit_s=1000)
    page.notices.tick(clocks(1.0))
    assert page.heard() == [["ends", "absolute_limit", "999"]]
    for second in range(2, int(TELL_AGAIN_S) + 1):
        page.notices.tick(clocks(float(second)))
    assert page.heard() == []
    page.notices.tick(clocks(TELL_AGAIN_S + 1))
    assert page.heard() == [["ends", "absolute_limit", "939"]]
    page.notices.tick(clocks(TELL_AGAIN_S + 2, broker_s=200.0))
    assert page.heard() == [["ends", "unsupervised", "700"]]
    page.notices.tick(clocks(TELL_AGAIN_S + 3))
    assert page.heard() == [["ends", "absolute_limit", "937"]]


def test_nobody_at_the_keyboard_is_warned_until_somebody_is() -> None:
    page = Page(idle_limit_s=600, absolute_limit_s=40_000)
    page.notices.tick(clocks(479.0, input_s=479.0))
    page.heard()
    page.notices.tick(clocks(480.0, input_s=480.0))
    page.notices.tick(clocks(481.0, input_s=481.0))
    assert page.heard() == [["idle", "120"]]
    page.notices.tick(clocks(480.0 + IDLE_AGAIN_S, input_s=480.0 + IDLE_AGAIN_S))
    assert page.heard() == [["idle", "110"]]
    page.notices.tick(clocks(491.0, input_s=0.5))
    page.notices.tick(clocks(492.0, input_s=1.5))
    assert page.heard() == [["active"]]


def test_a_short_limit_is_warned_of_at_its_half() -> None:
    assert idle_left_s(Grants(idle_limit_s=60), clocks(input_s=29.0)) is None
    assert idle_left_s(Grants(idle_limit_s=60), clocks(input_s=30.0)) == 30.0


@pytest.mark.parametrize(
    "grants, told",
    [
        ({}, ["grants", "65536"]),
        ({"clipboard_in": True, "clipboard_max_bytes": 100}, ["grants", "100", "clipboard_in"]),
        ({"clipboard_in": True, "clipboard_out": True, "read_only": True}, ["grants", "65536", "clipboard_out"]),
        ({"cover_unfocused": True, "file_out": True}, ["grants", "65536", "cover"]),
    ],
)
def test_the_page_hears_what_it_has_something_to_show_for(grants: dict[str, object], told: list[str]) -> None:
    page = Page(**grants)
    page.notices.tell_grants()
    assert page.heard() == [told]


async def test_a_running_session_is_told_and_goes_on_being_told_without_a_broker(site: Site) -> None:
    await site.start()
    async with site.session(**change_grants(idle_limit_s=6, absolute_limit_s=300)) as browser:
        await until(lambda: told(browser, b"ends"), what="the end is told")
        assert told(browser, b"grants")[0] == [b"grants", b"65536"]
        assert told(browser, b"ends")[0][1] == b"absolute_limit"
        assert 295 <= int(told(browser, b"ends")[0][2]) <= 300
        await site.broker.die()
        await until(lambda: told(browser, b"idle"), 10, "idleness is told")
        await browser.say(encode_instruction("mouse", "5", "5", "0"))
        await until(lambda: told(browser, b"active"), what="and taken back")


def told(browser: ObedientBrowser, word: bytes) -> list[list[bytes]]:
    return [elements[1:] for elements in browser.instructions if elements[:2] == [b"", word]]
