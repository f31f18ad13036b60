"""Broken, slow and hostile peers: each costs its own session, and leaves a reason."""

import asyncio
import gc
import tracemalloc

import aiohttp
import pytest

from broker.model.reasons import EndReason
from broker.wire.messages import EventKind, GatewayEvent
from gateway.limits import RelayLimits
from gateway.protocol import encode_instruction
from gateway.settings import DoorLimits
from tests.fakes import guacd as fakes
from tests.fakes.broker import make_spec
from tests.fakes.browser import HEADERS, ObedientBrowser, StalledBrowser
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site

KEY = encode_instruction("key", "65", "1")


async def detached(site: Site, timeout_s: float = 5.0) -> GatewayEvent:
    await until(lambda: site.broker.find(EventKind.DETACHED), timeout_s, "the broker hears of the end")
    event = site.broker.find(EventKind.DETACHED)
    assert event is not None
    return event


async def open_session(site: Site) -> None:
    """Show a ticket and stay until the tunnel is shut."""
    site.issue()
    async with ObedientBrowser(site.port) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: browser.is_closed, 8)


@pytest.mark.parametrize(
    "guacd, reason",
    [
        (fakes.GarbageGuacd(), EndReason.GUACD_MISBEHAVED),
        (fakes.GarbageAtTheDoorGuacd(), EndReason.GUACD_MISBEHAVED),
        (fakes.SilentGuacd(), EndReason.GUACD_UNREACHABLE),
        (fakes.RefusingGuacd(519), EndReason.DESKTOP_UNREACHABLE),
        (fakes.RefusingGuacd(769), EndReason.DESKTOP_SIGNIN_FAILED),
        (fakes.RefusingGuacd(515), EndReason.DESKTOP_FAILED),
        (fakes.VanishingGuacd(), EndReason.GUACD_CLOSED),
        (fakes.TalkativeGuacd(["VERSION_1_3_0", "port"]), EndReason.RESTRICTION_UNSUPPORTED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, fakes.TalkativeGuacd) else str(value),
)
async def test_a_bad_guacd_ends_its_session_with_a_reason(
    site: Site, guacd: fakes.TalkativeGuacd, reason: EndReason
) -> None:
    site.guacd = guacd
    await site.start(door=DoorLimits(guacd_s=0.5))
    await open_session(site)
    assert (await detached(site)).reason is reason
    await until(lambda: all(visit.is_over for visit in guacd.visits), what="guacd is let go of")


async def test_half_an_instruction_and_silence_ends_by_time(site: Site) -> None:
    site.guacd = fakes.HalfInstructionGuacd()
    await site.start(relay=RelayLimits(guacd_silent_s=1.0))
    await open_session(site)
    assert (await detached(site)).reason is EndReason.GUACD_CLOSED


async def test_a_group_without_a_living_guacd(site: Site) -> None:
    await site.start()
    await site.guacd.stop()
    await open_session(site)
    assert (await detached(site)).reason is EndReason.GUACD_UNREACHABLE


@pytest.mark.parametrize(
    "message, opcode",
    [
        (encode_instruction("select", "rdp"), "select"),
        (encode_instruction("sync", "99999999"), "sync"),
        (encode_instruction("MY NUMBER 1234", "x"), "other"),
        (b"3.key,1.65,1.1;", "key"),
        (b"3.key,2.65,1.1", ""),
    ],
)
async def test_a_bad_browser_ends_its_session_and_the_audit_keeps_the_opcode_alone(
    site: Site, message: bytes, opcode: str
) -> None:
    await site.start()
    async with site.session() as browser:
        await browser.say(KEY)
        await browser.say(message)
        await until(lambda: browser.is_closed)
    assert (await detached(site)).reason is EndReason.CLIENT_MISBEHAVED
    refused = site.broker.find(EventKind.INPUT_REFUSED)
    assert refused is not None
    assert refused.detail["opcode"] == opcode
    assert "1234" not in str(refused)
    assert site.broker.kinds()[-1] is EventKind.DETACHED
    assert [line[0] for line in site.guacd.last.received][-1] == b"disconnect"


@pytest.mark.parametrize("frame", [b"x" * 70_000, b"9.clipboard," + b"8000." + b"x" * 70_000])
async def test_an_oversized_message_ends_its_session_alone(site: Site, frame: bytes) -> None:
    await site.start()
    async with site.session() as browser:
        await browser.say(frame)
        await until(lambda: browser.is_closed)
        assert browser.close_code in (1006, 1008, 1009)
    assert (await detached(site)).reason in (EndReason.CLIENT_CLOSED, EndReason.CLIENT_MISBEHAVED)


async def test_a_binary_message_ends_the_session(site: Site) -> None:
    await site.start()
    site.issue()
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{site.port}/tunnel"
        async with session.ws_connect(url, protocols=("guacamole",), headers=HEADERS) as socket:
            await socket.send_str(encode_instruction("", "ticket", TICKET).decode())
            await until(lambda: site.guacd.visits)
            await socket.send_bytes(KEY)
            while (await socket.receive(5)).type is aiohttp.WSMsgType.TEXT:
                pass
    await detached(site)


async def test_a_reader_that_stops_holds_back_guacd_in_bounded_memory(site: Site) -> None:
    site.guacd = flood = fakes.FloodingGuacd()
    await site.start()
    site.issue()
    tracemalloc.start()
    try:
        async with StalledBrowser(site.port) as stalled:
            stalled.say(encode_instruction("", "ticket", TICKET))
            await until(lambda: flood.sent_bytes > 500_000, what="guacd floods")
            await flood.wait_steady()
            gc.collect()
            held_bytes, _ = tracemalloc.get_traced_memory()
            # both sockets' buffers are the kernel's; what Python holds is bounded by the high-water marks
            assert held_bytes < 6_000_000
            url = f"http://127.0.0.1:{site.port}/healthz"
            async with aiohttp.ClientSession() as session, session.get(url) as health:
                assert (await health.json())["sessions"] == 1, "held back, not cut off"
    finally:
        tracemalloc.stop()
    await until(lambda: flood.last.is_over, what="guacd is let go of")


async def test_a_reader_that_stays_stalled_is_given_up(site: Site) -> None:
    site.guacd = flood = fakes.FloodingGuacd()
    await site.start(relay=RelayLimits(stalled_s=2.0))
    site.issue()
    async with StalledBrowser(site.port) as stalled:
        stalled.say(encode_instruction("", "ticket", TICKET))
        assert (await detached(site, 15)).reason is EndReason.CLIENT_SILENT
        await until(lambda: flood.last.is_over, what="guacd is let go of")


async def test_a_flooded_browser_that_reads_gets_everything(site: Site) -> None:
    site.guacd = flood = fakes.FloodingGuacd()
    await site.start()
    site.issue()
    async with ObedientBrowser(site.port) as browser:
        browser.is_rendering = False
        await browser.show_ticket(TICKET)
        await until(lambda: sum(map(len, browser.messages)) > 20_000_000, 20)
        assert flood.sent_bytes > 20_000_000
        assert not browser.is_closed


async def test_a_guacd_that_does_not_read_holds_back_the_browser(site: Site) -> None:
    site.guacd = fakes.DeafGuacd()
    await site.start(relay=RelayLimits(instructions_per_s=1_000_000, guacd_stalled_s=3.0))
    async with site.session() as browser:
        blocked = asyncio.create_task(_shout(browser))
        await asyncio.wait([blocked], timeout=2.0)
        assert not blocked.done(), "the gateway took everything although guacd read nothing"
        blocked.cancel()
        await asyncio.gather(blocked, return_exceptions=True)
        assert (await detached(site, 10)).reason is EndReason.GUACD_CLOSED


async def _shout(browser: ObedientBrowser) -> None:
    for _ in range(20_000):
        await browser.say(KEY * 500)


async def test_a_hasty_browser_is_slowed_and_nobody_else_notices(site: Site) -> None:
    await site.start(relay=RelayLimits(instructions_per_s=2000))
    async with site.session() as hasty:
        shouting = asyncio.create_task(_shout(hasty))
        site.issue("ticket-of-the-quiet-one", attachment_id="attachment-2")
        async with ObedientBrowser(site.port) as quiet:
            await quiet.show_ticket("ticket-of-the-quiet-one")
            await until(lambda: b"sync" in quiet.opcodes())
            started = asyncio.get_running_loop().time()
            await quiet.say(encode_instruction("", "ping", "5"))
            await until(lambda: [b"", b"ping", b"5"] in quiet.instructions)
            assert asyncio.get_running_loop().time() - started < 0.5
        shouting.cancel()
        await asyncio.gather(shouting, return_exceptions=True)
        keys = site.guacd.visits[0].opcodes().count(b"key")
        assert keys < 20_000


async def test_silent_sockets_are_shut_and_block_nobody(site: Site) -> None:
    await site.start(door=DoorLimits(request_s=0.5, max_silent=100))
    silent = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(50)]
    slow_reader, slow_writer = await asyncio.open_connection("127.0.0.1", site.port)
    slow_writer.write(b"GET /tunnel HTTP/1.1\r\nHost: x\r\n")
    async with site.session() as browser:
        assert not browser.is_closed
    ends = await asyncio.wait_for(
        asyncio.gather(*(_until_eof(reader) for reader, _ in [*silent, (slow_reader, slow_writer)])), 5
    )
    assert len(ends) == 51
    for _, writer in [*silent, (slow_reader, slow_writer)]:
        writer.close()


async def _until_eof(reader: asyncio.StreamReader) -> None:
    try:
        await reader.read()
    except ConnectionError:
        return


async def test_too_many_silent_sockets_are_turned_away(site: Site) -> None:
    await site.start(door=DoorLimits(request_s=30, max_silent=5))
    silent = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(8)]
    readings = [asyncio.create_task(_until_eof(reader)) for reader, _ in silent]
    await until(lambda: sum(reading.done() for reading in readings) >= 3)
    for _, writer in silent:
        writer.close()
    await asyncio.gather(*readings)
    async with site.session() as browser:
        assert not browser.is_closed


async def test_the_first_reason_counts(site: Site) -> None:
    await site.start()
    async with site.session() as browser:
        await site.broker.terminate(make_spec().attachment_id, EndReason.TERMINATED)
        await until(lambda: browser.is_closed)
    assert (await detached(site)).reason is EndReason.TERMINATED
