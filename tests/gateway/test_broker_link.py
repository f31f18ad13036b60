"""The link to the broker: sessions outlive it, and the books are right afterwards."""

from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from broker.model.reasons import EndReason
from broker.wire.messages import EventKind, GatewayHeartbeat
from gateway.protocol import encode_instruction
from tests.fakes.broker import ForgetfulBroker, make_spec
from tests.fakes.browser import ObedientBrowser
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site

DRAWING = encode_instruction("cfill", "14", "0", "1", "2", "3", "255")


async def test_a_session_outlives_the_broker_and_is_told_afterwards(site: Site) -> None:
    await site.start()
    async with site.session() as browser:
        await until(lambda: site.broker.kinds() == [EventKind.ATTACHED, EventKind.DRAWN])
        await site.broker.die()
        site.guacd.last.say(DRAWING, encode_instruction("sync", "1000005"))
        await until(lambda: DRAWING in browser.messages[-1])
        await browser.say(encode_instruction("key", "65", "1"))
        await until(lambda: [b"key", b"65", b"1"] in site.guacd.last.received)
        await browser.say(encode_instruction("disconnect"))
        await until(lambda: browser.is_closed)
    await until(lambda: site.guacd.last.is_over)
    await site.broker.start()
    await until(lambda: site.broker.find(EventKind.DETACHED), 10)
    assert site.broker.kinds() == [EventKind.ATTACHED, EventKind.DRAWN, EventKind.DETACHED]
    assert sorted(site.broker.books) == [1, 2, 3]


async def test_a_returning_broker_hears_what_is_live_and_can_end_it(site: Site) -> None:
    await site.start()
    async with site.session() as browser:
        await site.broker.die()
        await site.broker.start()
        await until(lambda: site.broker.is_connected, 10)
        assert site.broker.hellos[-1].live == ["attachment-1"]
        await site.broker.terminate(site.broker.hellos[-1].live[0], EndReason.TERMINATED)
        await until(lambda: browser.is_closed, 2, "a termination takes less than two seconds")


async def test_events_survive_the_death_of_both(site: Site, tmp_path: Path) -> None:
    await site.start()
    async with site.session() as browser:
        await until(lambda: len(site.broker.books) == 2)
        await site.broker.die()
        await browser.say(encode_instruction("disconnect"))
        await until(lambda: browser.is_closed)
    await site.stop_gateway()
    await site.broker.start()
    await site.start_gateway()
    await until(lambda: site.broker.find(EventKind.DETACHED), 10)
    assert sorted(site.broker.books) == [1, 2, 3]
    assert site.broker.hellos[0].epoch == site.broker.hellos[-1].epoch


async def test_events_that_were_taken_but_not_acknowledged_are_not_told_twice(site: Site, tmp_path: Path) -> None:
    site.broker = ForgetfulBroker(tmp_path / "wire.sock")
    await site.start()
    async with site.session():
        await until(lambda: len(site.broker.books) == 2)
        await site.broker.die()
        await site.broker.start()
        await until(lambda: site.broker.is_connected, 10)
    await until(lambda: site.broker.find(EventKind.DETACHED))
    assert sorted(site.broker.books) == [1, 2, 3]


async def test_a_stopping_gateway_ends_its_sessions_with_a_reason(site: Site) -> None:
    await site.start()
    async with site.session() as browser:
        await site.stop_gateway()
        await until(lambda: browser.is_closed)
    await site.start_gateway()
    await until(lambda: site.broker.find(EventKind.DETACHED), 10)
    event = site.broker.find(EventKind.DETACHED)
    assert event is not None
    assert event.reason is EndReason.GATEWAY_STOPPED


async def test_heartbeats_name_what_is_live(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.broker_client.HEARTBEAT_S", 0.1)
    await site.start()
    async with site.session():
        await until(lambda: GatewayHeartbeat(live=[make_spec().attachment_id]) in site.broker.received)
    await until(lambda: site.broker.received[-1] == GatewayHeartbeat(live=[]))


async def test_a_wrong_key_is_never_welcome(site: Site) -> None:
    await site.broker.start()
    await site.guacd.start()
    site.wire_key = "another key"
    await site.start_gateway()
    await until(lambda: site.broker.refused_keys)
    async with ObedientBrowser(site.port) as browser:
        site.issue()
        await browser.show_ticket(TICKET)
        await until(lambda: browser.is_closed)
    assert site.broker.redeemed == []


async def test_an_empty_key_file_stops_the_start(site: Site) -> None:
    await site.guacd.start()
    site.wire_key = ""
    with pytest.raises(ConfigurationError, match="wire key is empty"):
        await site.start_gateway()
