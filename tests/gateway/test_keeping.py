"""The line is lost: the gateway stays at the desktop, and whoever comes back finds it as it was."""

import asyncio
from typing import Any

import msgspec

from broker.model.grants import Grants
from broker.model.ids import AttachmentId, SessionId
from broker.model.reasons import EndReason
from broker.wire.messages import ConnectionSpec, EventKind, GatewayEvent, GuacdSeat
from gateway.limits import RelayLimits
from gateway.protocol import encode_instruction
from gateway.restrictions import name_restrictions
from tests.fakes.broker import make_spec
from tests.fakes.browser import ObedientBrowser
from tests.fakes.guacd import FRAME_TIMESTAMP, PICTURE, JoinableGuacd, Visit
from tests.fakes.waiting import until
from tests.gateway.conftest import Site

KEPT = Grants(park_limit_s=300)
CONNECTION = "$connection-1"


class Staff:
    """One person, whose line comes and goes. Every attachment is of the same session."""

    def __init__(self, site: Site, guacd: JoinableGuacd) -> None:
        self.site = site
        self.guacd = guacd
        self.count = 0

    def issue(self, **changes: Any) -> tuple[str, ConnectionSpec]:
        self.count += 1
        ticket = f"ticket-of-a-test-{self.count:010}"
        attachment_id = AttachmentId(f"attachment-{self.count}")
        return ticket, self.site.issue(ticket, **({"grants": KEPT, "attachment_id": attachment_id} | changes))

    def come(self) -> ObedientBrowser:
        return ObedientBrowser(self.site.port)

    async def see(self, browser: ObedientBrowser, **changes: Any) -> ConnectionSpec:
        """The picture, rendered."""
        ticket, spec = self.issue(**changes)
        await browser.show_ticket(ticket)
        await until(lambda: self.told(EventKind.DRAWN, spec) is not None or browser.is_closed, what="a picture")
        return spec

    async def work_and_lose_the_line(self, **changes: Any) -> ConnectionSpec:
        async with self.come() as browser:
            spec = await self.see(browser, **changes)
        await until(lambda: self.told(EventKind.PARKED, spec) or self.told(EventKind.DETACHED, spec))
        return spec

    def told(self, kind: EventKind, spec: ConnectionSpec) -> GatewayEvent | None:
        mine = (event for event in self.site.broker.books.values() if event.attachment_id == spec.attachment_id)
        return next((event for event in mine if event.kind is kind), None)

    def users(self) -> list[Visit]:
        return self.guacd.users.get(CONNECTION, [])


async def _open(site: Site, relay: RelayLimits | None = None) -> Staff:
    guacd = JoinableGuacd()
    site.guacd = guacd
    await site.start(relay=relay)
    return Staff(site, guacd)


async def test_who_comes_back_joins_the_same_connection_and_sees_the_whole_picture(site: Site) -> None:
    staff = await _open(site)
    first = await staff.work_and_lose_the_line()
    kept = staff.users()[0]
    assert staff.told(EventKind.PARKED, first)
    assert staff.told(EventKind.DETACHED, first) is None
    async with staff.come() as browser:
        second = await staff.see(browser)
        assert PICTURE in browser.text()
        await until(lambda: kept.is_over, what="the one that was kept leaves")
        assert kept.received[-1] == [b"disconnect"]
        assert site.guacd.last.received[0] == [b"select", CONNECTION.encode()]
        assert len(staff.users()) == 1
    over = staff.told(EventKind.DETACHED, first)
    assert over is not None
    assert over.reason is EndReason.TAKEN_OVER
    assert staff.told(EventKind.ATTACHED, second)


async def test_a_joiner_repeats_every_restriction(site: Site) -> None:
    staff = await _open(site)
    await staff.work_and_lose_the_line()
    async with staff.come() as browser:
        await staff.see(browser)
    began, joined = (next(one for one in visit.received if one[0] == b"connect") for visit in site.guacd.visits)
    names = site.guacd.announced
    for restriction in ("disable-copy", "disable-paste", "enable-audio"):
        at = names.index(restriction) + 1
        assert began[at] == joined[at] != b""


async def test_while_nobody_looks_frames_are_acknowledged_and_guacd_hears_that_somebody_is_there(site: Site) -> None:
    staff = await _open(site, RelayLimits(nop_after_s=0.1))
    await staff.work_and_lose_the_line()
    kept = staff.users()[0]
    kept.say(encode_instruction("blob", "1", "A" * 6000), encode_instruction("sync", str(FRAME_TIMESTAMP + 7)))
    await until(lambda: [b"sync", str(FRAME_TIMESTAMP + 7).encode()] in kept.received)
    kept.received.clear()
    await until(lambda: [b"nop"] in kept.received, 5)


async def test_an_instruction_that_was_cut_when_the_line_broke_is_read_to_its_end(site: Site) -> None:
    staff = await _open(site)
    async with staff.come() as browser:
        spec = await staff.see(browser)
        staff.users()[0].say(b"4.blob,1.1,8.AAAA")
    await until(lambda: staff.told(EventKind.PARKED, spec))
    kept = staff.users()[0]
    kept.say(b"AAAA;", encode_instruction("sync", str(FRAME_TIMESTAMP + 9)))
    await until(lambda: [b"sync", str(FRAME_TIMESTAMP + 9).encode()] in kept.received)


async def test_keys_and_buttons_that_were_down_go_up(site: Site) -> None:
    staff = await _open(site)
    async with staff.come() as browser:
        spec = await staff.see(browser)
        await browser.say(encode_instruction("key", "65505", "1"), encode_instruction("key", "97", "1"))
        await browser.say(encode_instruction("key", "98", "1"), encode_instruction("key", "98", "0"))
        await browser.say(encode_instruction("mouse", "10", "20", "1"))
        visit = staff.users()[0]
        await until(lambda: [b"mouse", b"10", b"20", b"1"] in visit.received)
    await until(lambda: staff.told(EventKind.PARKED, spec))
    await until(lambda: [b"mouse", b"10", b"20", b"0"] in visit.received)
    assert [b"key", b"97", b"0"] in visit.received
    assert [b"key", b"65505", b"0"] in visit.received
    assert visit.received.count([b"key", b"98", b"0"]) == 1


async def test_who_says_that_he_goes_is_not_waited_for(site: Site) -> None:
    staff = await _open(site)
    async with staff.come() as browser:
        spec = await staff.see(browser)
        await browser.say(encode_instruction("disconnect"))
        await until(lambda: staff.told(EventKind.DETACHED, spec))
    assert staff.told(EventKind.PARKED, spec) is None
    await until(lambda: not staff.users())


async def test_without_time_to_park_nothing_is_kept(site: Site) -> None:
    staff = await _open(site)
    spec = await staff.work_and_lose_the_line(grants=Grants(park_limit_s=0))
    assert staff.told(EventKind.PARKED, spec) is None
    await until(lambda: not staff.users())


async def test_it_is_kept_no_longer_than_its_grants_say(site: Site) -> None:
    staff = await _open(site)
    spec = await staff.work_and_lose_the_line(grants=Grants(park_limit_s=1))
    assert staff.told(EventKind.PARKED, spec)
    await until(lambda: staff.told(EventKind.DETACHED, spec), 10)
    over = staff.told(EventKind.DETACHED, spec)
    assert over is not None
    assert over.reason is EndReason.CLIENT_CLOSED
    await until(lambda: not staff.users())


async def test_the_limits_of_the_session_go_on_counting(site: Site) -> None:
    staff = await _open(site)
    spec = await staff.work_and_lose_the_line(grants=msgspec.structs.replace(KEPT, idle_limit_s=2))
    await until(lambda: staff.told(EventKind.DETACHED, spec), 10)
    over = staff.told(EventKind.DETACHED, spec)
    assert over is not None
    assert over.reason is EndReason.IDLE_LIMIT


async def test_the_broker_ends_what_is_kept_at_once(site: Site) -> None:
    staff = await _open(site)
    spec = await staff.work_and_lose_the_line()
    await site.broker.terminate(spec.attachment_id, EndReason.ACCOUNT_LOCKED)
    await until(lambda: staff.told(EventKind.DETACHED, spec))
    await until(lambda: not staff.users())
    async with staff.come() as browser:
        await staff.see(browser)
        assert site.guacd.last.received[0] == [b"select", b"vnc"], "a new connection"


async def test_when_the_session_goes_on_at_another_gateway_the_desktop_waits_for_it_a_little(site: Site) -> None:
    staff = await _open(site)
    spec = await staff.work_and_lose_the_line()
    await site.broker.terminate(spec.attachment_id, EndReason.TAKEN_OVER)
    await until(lambda: staff.told(EventKind.DETACHED, spec))
    assert len(staff.users()) == 1
    await until(lambda: not staff.users(), 15)


async def test_a_seat_that_the_broker_tells_of_is_joined(site: Site) -> None:
    staff = await _open(site)
    first = await staff.work_and_lose_the_line()
    told = staff.told(EventKind.ATTACHED, first)
    assert told is not None
    assert told.seat is not None
    host, _, port = site.guacd.address.rpartition(":")
    _, elsewhere = await asyncio.open_connection(host, int(port))
    elsewhere.write(encode_instruction("select", CONNECTION) + encode_instruction("connect"))
    await until(lambda: len(staff.users()) == 2, what="a user of another gateway")
    await site.stop_gateway()
    await site.start_gateway()
    await until(lambda: site.broker.is_connected)
    async with staff.come() as browser:
        await staff.see(browser, seat=told.seat)
        assert site.guacd.last.received[0] == [b"select", CONNECTION.encode()]
    elsewhere.close()


async def test_a_seat_at_a_guacd_that_is_none_of_ours_is_not_dialled(site: Site) -> None:
    staff = await _open(site)
    foreign = GuacdSeat(
        address="127.0.0.1:1", connection_id=CONNECTION, restrictions=name_restrictions(make_spec().protocol, KEPT)
    )
    async with staff.come() as browser:
        await staff.see(browser, seat=foreign)
        assert site.guacd.last.received[0] == [b"select", b"vnc"]


async def test_a_seat_that_is_gone_costs_a_new_connection_and_nothing_more(site: Site) -> None:
    staff = await _open(site)
    gone = GuacdSeat(
        address=site.guacd.address, connection_id="$gone", restrictions=name_restrictions(make_spec().protocol, KEPT)
    )
    async with staff.come() as browser:
        await staff.see(browser, seat=gone)
        assert [visit.received[0][1] for visit in site.guacd.visits] == [b"$gone", b"vnc"]


async def test_who_is_granted_something_else_now_begins_anew(site: Site) -> None:
    staff = await _open(site)
    await staff.work_and_lose_the_line(grants=msgspec.structs.replace(KEPT, clipboard_out=True))
    async with staff.come() as browser:
        await staff.see(browser)
        assert site.guacd.last.received[0] == [b"select", b"vnc"]
        await until(lambda: not staff.users(), what="the old user leaves")


async def test_a_new_line_fences_off_the_old_one_that_nobody_noticed_to_be_dead(site: Site) -> None:
    staff = await _open(site)
    async with staff.come() as silent:
        first = await staff.see(silent)
        silent.is_rendering = False
        async with staff.come() as browser:
            await staff.see(browser)
            assert site.guacd.last.received[0] == [b"select", CONNECTION.encode()]
            await until(lambda: silent.is_closed)
            assert silent.close_reason == "" or "taken_over" in silent.close_reason
            assert staff.told(EventKind.DETACHED, first)
            await until(lambda: len(staff.users()) == 1)


async def test_a_line_that_breaks_again_before_there_is_a_picture_loses_nothing(site: Site) -> None:
    staff = await _open(site)
    await staff.work_and_lose_the_line()
    kept = staff.users()[0]
    ticket, second = staff.issue()
    async with staff.come() as browser:
        browser.is_rendering = False
        await browser.show_ticket(ticket)
        await until(lambda: staff.told(EventKind.ATTACHED, second))
    await until(lambda: staff.told(EventKind.PARKED, second))
    assert kept in staff.users()
    async with staff.come() as browser:
        await staff.see(browser)
        assert site.guacd.last.received[0] == [b"select", CONNECTION.encode()]
        await until(lambda: kept.is_over)


async def test_a_desktop_that_ends_while_nobody_looks_is_told(site: Site) -> None:
    staff = await _open(site)
    spec = await staff.work_and_lose_the_line()
    staff.users()[0].say(encode_instruction("error", "the desktop is gone", "519"))
    await until(lambda: staff.told(EventKind.DETACHED, spec))
    over = staff.told(EventKind.DETACHED, spec)
    assert over is not None
    assert over.reason is EndReason.DESKTOP_UNREACHABLE


async def test_a_guacd_that_dies_or_talks_nonsense_ends_what_it_kept_and_no_more(site: Site) -> None:
    staff = await _open(site)
    spec = await staff.work_and_lose_the_line()
    other = await staff.work_and_lose_the_line(session_id=SessionId("session-2"))
    staff.users()[0].say(b"\x00\xff garbage;")
    await until(lambda: staff.told(EventKind.DETACHED, spec))
    over = staff.told(EventKind.DETACHED, spec)
    assert over is not None
    assert over.reason is EndReason.GUACD_MISBEHAVED
    assert staff.told(EventKind.DETACHED, other) is None
    staff.guacd.users["$connection-2"][0].writer.transport.abort()
    await until(lambda: staff.told(EventKind.DETACHED, other))


async def test_a_broker_that_comes_back_hears_what_is_kept(site: Site) -> None:
    staff = await _open(site)
    spec = await staff.work_and_lose_the_line()
    await site.broker.die()
    await site.broker.start()
    await until(lambda: site.broker.is_connected, 15)
    assert site.broker.hellos[-1].live == [spec.attachment_id]


async def test_twenty_lost_lines_leave_one_user_and_no_sockets(site: Site) -> None:
    staff = await _open(site)
    for _ in range(20):
        await staff.work_and_lose_the_line()
    await until(lambda: len(staff.users()) == 1)
    assert len(staff.guacd.users) == 1
    assert sum(not visit.is_over for visit in staff.guacd.visits) == 1
