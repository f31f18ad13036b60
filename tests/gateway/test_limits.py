"""Limits of the connection spec, enforced without the broker."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.model.grants import Grants
from broker.model.reasons import EndReason
from broker.wire.messages import EventKind
from gateway.limits import Clocks, RelayLimits, find_exceeded
from gateway.protocol import encode_instruction
from gateway.rate import InstructionBudget
from tests.fakes.broker import make_spec
from tests.fakes.waiting import until
from tests.gateway.conftest import Site, change_grants

NOW = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)


def clocks(**changes: object) -> Clocks:
    fields: dict[str, object] = {
        "now": NOW, "session_s": 1.0, "input_s": 1.0, "browser_s": 1.0, "guacd_s": 1.0, "broker_s": 1.0,
        "stalled_s": 0.0, "guacd_stalled_s": 0.0, "is_guacd_read": True,
    }  # fmt: skip
    return Clocks(**(fields | changes))  # type: ignore[arg-type] # a table of fields for one test


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({}, None),
        ({"session_s": 100.0}, EndReason.ABSOLUTE_LIMIT),
        ({"input_s": 50.0}, EndReason.IDLE_LIMIT),
        ({"input_s": 49.9}, None),
        ({"broker_s": 30.0}, EndReason.UNSUPERVISED),
        ({"now": NOW + timedelta(hours=1)}, EndReason.HOURS_ENDED),
        ({"browser_s": 45.0}, EndReason.CLIENT_SILENT),
        ({"stalled_s": 45.0}, EndReason.CLIENT_SILENT),
        ({"guacd_stalled_s": 15.0}, EndReason.GUACD_CLOSED),
        ({"guacd_s": 30.0}, EndReason.GUACD_CLOSED),
        ({"guacd_s": 30.0, "is_guacd_read": False}, None),
    ],
)
def test_each_limit_has_its_reason(changes: dict[str, object], reason: EndReason | None) -> None:
    grants = Grants(idle_limit_s=50, absolute_limit_s=100, ends_at=NOW + timedelta(hours=1))
    spec = make_spec(grants=grants, max_unsupervised_s=30)
    assert find_exceeded(spec, RelayLimits(), clocks(**changes)) is reason


def test_a_limit_of_nothing_allows_nothing() -> None:
    for spec in (
        make_spec(max_unsupervised_s=0),
        make_spec(grants=Grants(idle_limit_s=0)),
        make_spec(grants=Grants(absolute_limit_s=0)),
    ):
        assert find_exceeded(spec, RelayLimits(), clocks()) is not None


@pytest.mark.parametrize(
    "grants, reason",
    [
        ({"idle_limit_s": 1}, EndReason.IDLE_LIMIT),
        ({"absolute_limit_s": 1}, EndReason.ABSOLUTE_LIMIT),
        ({"ends_at": NOW - timedelta(days=365)}, EndReason.HOURS_ENDED),
    ],
)
async def test_a_session_ends_at_its_limit(site: Site, grants: dict[str, object], reason: EndReason) -> None:
    await site.start()
    async with site.session(**change_grants(**grants)) as browser:
        await until(lambda: browser.is_closed)
    await until(lambda: site.broker.find(EventKind.DETACHED))
    event = site.broker.find(EventKind.DETACHED)
    assert event is not None
    assert event.reason is reason


async def test_a_session_without_a_broker_ends_by_itself(site: Site) -> None:
    await site.start()
    async with site.session(max_unsupervised_s=2) as browser:
        await site.broker.die()
        await until(lambda: browser.is_closed, 10)


async def test_guacd_hears_from_a_browser_that_is_silent(site: Site) -> None:
    await site.start(relay=RelayLimits(nop_after_s=0.5))
    async with site.session():
        await until(lambda: [b"nop"] in site.guacd.last.received)


async def test_a_silent_browser_is_pinged_before_it_is_given_up(site: Site) -> None:
    """The client answers WebSocket pings by itself, as a browser does for a sleeping tab."""
    await site.start(relay=RelayLimits(ping_after_s=0.5, browser_silent_s=3.0))
    async with site.session() as browser:
        browser.is_rendering = False
        await until(lambda: site.guacd.last.opcodes().count(b"nop") > 0, 7)
        assert not browser.is_closed
        await browser.say(encode_instruction("key", "65", "1"))
        await until(lambda: b"key" in site.guacd.last.opcodes())


def test_a_budget_delays_and_forgives() -> None:
    budget = InstructionBudget(100, now_s=0.0)
    budget.spend(b";" * 100)
    assert budget.find_pause(0.0) == 0.0
    budget.spend(b";" * 50)
    assert budget.find_pause(0.0) == pytest.approx(0.5)
    assert budget.find_pause(0.25) == pytest.approx(0.25)
    assert budget.find_pause(100.0) == 0.0
