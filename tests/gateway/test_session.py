"""One session through a running gateway."""

from broker.model.kinds import DesktopProtocol
from broker.model.reasons import EndReason
from broker.wire.messages import EventKind
from gateway.protocol import encode_instruction
from tests.fakes.browser import ObedientBrowser
from tests.fakes.guacd import FRAME_TIMESTAMP, PICTURE, HastyGuacd
from tests.fakes.transcripts import RDP_1_3_0
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site


async def test_a_ticket_becomes_a_picture(site: Site) -> None:
    await site.start()
    site.issue()
    async with ObedientBrowser(site.port) as browser:
        await until(lambda: browser.instructions)
        assert browser.instructions[0][0] == b""
        assert len(browser.instructions[0][1]) == 36
        await browser.show_ticket(TICKET, "1601", "900", "144", "Asia/Tokyo")
        await until(lambda: b"sync" in browser.opcodes())
        assert PICTURE in browser.text()
        visit = site.guacd.last
        assert visit.received[0] == [b"select", b"vnc"]
        assert [b"size", b"1600", b"900", b"144"] in visit.received
        assert [b"timezone", b"Asia/Tokyo"] in visit.received
        await until(lambda: [b"sync", str(FRAME_TIMESTAMP).encode()] in visit.received)
        await until(lambda: site.broker.kinds() == [EventKind.ATTACHED, EventKind.DRAWN])
        assert site.broker.redeemed[0].address == "127.0.0.1"


async def test_an_rdp_picture_has_a_size_even_when_guacd_s_word_of_it_is_lost(site: Site) -> None:
    site.guacd = HastyGuacd(RDP_1_3_0)
    await site.start()
    async with site.session(protocol=DesktopProtocol.RDP) as browser:
        shown = [one for one in browser.instructions if one[0]]
        assert shown[0] == [b"size", b"0", b"1280", b"800"]
        await until(lambda: site.broker.find(EventKind.DRAWN))


async def test_keys_and_pointer_reach_guacd_as_they_were_sent(site: Site) -> None:
    await site.start()
    async with site.session() as browser:
        await browser.say(encode_instruction("key", "16789570", "1"), encode_instruction("key", "16789570", "0"))
        await browser.say(encode_instruction("mouse", "10", "-3", "1"))
        visit = site.guacd.last
        await until(lambda: [b"mouse", b"10", b"-3", b"1"] in visit.received)
        assert [b"key", b"16789570", b"1"] in visit.received


async def test_leaving_ends_guacd_and_is_told(site: Site) -> None:
    await site.start()
    async with site.session() as browser:
        await browser.say(encode_instruction("disconnect"))
        await until(lambda: browser.is_closed)
    await until(lambda: site.guacd.last.is_over)
    assert site.guacd.last.received[-1] == [b"disconnect"]
    await until(lambda: site.broker.find(EventKind.DETACHED))
    detached = site.broker.find(EventKind.DETACHED)
    assert detached is not None
    assert detached.reason is EndReason.CLIENT_CLOSED
    assert detached.bytes_to_browser > len(PICTURE)


async def test_pings_are_answered_before_and_after_the_ticket(site: Site) -> None:
    await site.start()
    site.issue()
    async with ObedientBrowser(site.port) as browser:
        await browser.say(encode_instruction("", "ping", "1"))
        await until(lambda: [b"", b"ping", b"1"] in browser.instructions)
        await browser.show_ticket(TICKET)
        await until(lambda: b"sync" in browser.opcodes())
        await browser.say(encode_instruction("", "ping", "1700000000000"))
        await until(lambda: [b"", b"ping", b"1700000000000"] in browser.instructions)
        assert b"ping" not in [element for elements in site.guacd.last.received for element in elements]
