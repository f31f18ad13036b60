"""What gateways tell: once each, in order, late, and after the books had given up."""

import asyncio

import msgspec
import pytest

from broker.errors import WireError
from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.ids import AttachmentId, GatewayId
from broker.model.reasons import EndReason
from broker.wire.messages import EventKind
from tests.broker.city import City
from tests.factories import GATEWAY, SHARED

K = EventKind


async def test_attached_and_drawn_are_in_the_books(city: City) -> None:
    session, spec = await city.work()
    assert session.state is SessionState.ACTIVE
    assert session.started_at is not None
    assert (await city.desktop(session.desktop_id)).state is DesktopState.IN_USE
    attachment = await city.attachment(spec.attachment_id)
    assert attachment.attached_at is not None
    assert attachment.first_frame_at is not None
    events = [record.event for record in await city.audit("session.")]
    assert events[-2:] == ["session.attached", "session.first_frame_drawn"]


async def test_a_closed_tab_leaves_the_work_where_it_is(city: City) -> None:
    session, spec = await city.work()
    await city.tell(spec, K.DETACHED, EndReason.CLIENT_CLOSED, sent=4096)
    after = await city.session(session.id)
    assert after.state is SessionState.DISCONNECTED
    assert (await city.desktop(session.desktop_id)).state is DesktopState.IN_USE
    assert len(await city.assignments()) == 1
    attachment = await city.attachment(spec.attachment_id)
    assert (attachment.close_reason, attachment.bytes_to_browser) == (EndReason.CLIENT_CLOSED, 4096)
    again = await city.open()
    assert (again.id, again.desktop_id) == (session.id, session.desktop_id)
    await city.attach(again)
    assert (await city.session(session.id)).state is SessionState.ACTIVE


async def test_an_event_that_is_told_twice_counts_once(city: City) -> None:
    _, spec = await city.work()
    event = await city.tell(spec, K.DETACHED, EndReason.CLIENT_CLOSED)
    before = await city.audit()
    await city.sessions.take_event(GATEWAY, "epoch-1", event)
    assert await city.audit() == before
    assert await city.sessions.last_event(GATEWAY, "epoch-1") == event.number


async def test_an_event_that_is_told_twice_at_once_counts_once(city: City) -> None:
    _, spec = await city.work()
    event = await city.event(spec, K.INPUT_REFUSED, number=city.event_number + 1)
    await asyncio.gather(*(city.sessions.take_event(GATEWAY, "epoch-1", event) for _ in range(5)))
    assert len(await city.audit("input.refused")) == 1


async def test_a_gap_in_the_numbers_is_refused(city: City) -> None:
    _, spec = await city.work()
    late = await city.event(spec, K.DETACHED, EndReason.CLIENT_CLOSED, number=city.event_number + 2)
    with pytest.raises(WireError):
        await city.sessions.take_event(GATEWAY, "epoch-1", late)
    assert await city.sessions.last_event(GATEWAY, "epoch-1") == city.event_number


async def test_a_new_spool_counts_from_one_again(city: City) -> None:
    session, spec = await city.work()
    event = await city.event(spec, K.DETACHED, EndReason.CLIENT_CLOSED, number=1)
    await city.sessions.take_event(GATEWAY, "epoch-2", event)
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED


async def test_a_gateway_tells_nothing_of_attachments_that_are_not_its_own(city: City) -> None:
    session, spec = await city.work()
    event = await city.event(spec, K.DETACHED, EndReason.LOGGED_OFF, number=1)
    await city.sessions.take_event(GatewayId("gw-strange"), "epoch-1", event)
    assert (await city.session(session.id)).state is SessionState.ACTIVE
    # The number is used up all the same: one bad event must not block the spool for ever.
    assert await city.sessions.last_event(GatewayId("gw-strange"), "epoch-1") == 1


async def test_a_refused_input_is_audited_with_bounded_detail(city: City) -> None:
    session, spec = await city.work()
    event = await city.event(spec, K.INPUT_REFUSED, number=city.event_number + 1)
    noisy = msgspec.structs.replace(event, detail={f"k{n}": "x" * 10_000 for n in range(100)})
    await city.sessions.take_event(GATEWAY, "epoch-1", noisy)
    (record,) = await city.audit("input.refused")
    assert record.subject == f"session:{session.id}"
    assert len(str(record.detail)) < 4000


async def test_an_attempt_that_never_attached_leaves_the_session_open_for_another(city: City) -> None:
    await city.settle()
    session = await city.open()
    spec = await city.redeem(await city.ticket(session))
    await city.tell(spec, K.DETACHED, EndReason.GUACD_UNREACHABLE)
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED
    await city.attach(session)


async def test_a_desktop_that_never_showed_a_picture_is_given_up_and_cleaned(city: City) -> None:
    await city.settle()
    session = await city.open()
    spec = await city.redeem(await city.ticket(session))
    await city.tell(spec, K.ATTACHED)
    await city.tell(spec, K.DETACHED, EndReason.DESKTOP_UNREACHABLE)
    after = await city.session(session.id)
    assert (after.state, after.end_reason) == (SessionState.FAILED, EndReason.DESKTOP_UNREACHABLE)
    desktop = await city.desktop(session.desktop_id)
    assert (desktop.state, desktop.failures) == (DesktopState.RESETTING, 1)
    again = await city.open()
    assert again.desktop_id != session.desktop_id


async def test_the_same_end_of_a_begun_session_keeps_the_work(city: City) -> None:
    session, spec = await city.work()
    await city.tell(spec, K.DETACHED, EndReason.DESKTOP_UNREACHABLE)
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED


async def test_a_limit_that_the_gateway_kept_ends_the_session(city: City) -> None:
    session, spec = await city.work()
    await city.tell(spec, K.DETACHED, EndReason.ABSOLUTE_LIMIT)
    after = await city.session(session.id)
    assert (after.state, after.end_reason) == (SessionState.ENDED, EndReason.ABSOLUTE_LIMIT)
    assert (await city.desktop(session.desktop_id)).state is DesktopState.RESETTING
    assert await city.assignments() == []


async def test_a_broker_that_was_away_takes_everything_afterwards(city: City) -> None:
    await city.settle()
    session = await city.open()
    spec = await city.redeem(await city.ticket(session))
    city.restart()  # nothing of what follows was heard at its time
    assert await city.sessions.compare_live(GATEWAY, [spec.attachment_id]) == []
    for kind, reason in ((K.ATTACHED, None), (K.DRAWN, None), (K.DETACHED, EndReason.CLIENT_CLOSED)):
        await city.tell(spec, kind, reason)
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED
    assert (await city.desktop(session.desktop_id)).state is DesktopState.IN_USE


async def test_what_a_gateway_no_longer_holds_is_closed(city: City) -> None:
    session, spec = await city.work()
    assert await city.sessions.compare_live(GATEWAY, []) == []
    assert (await city.session(session.id)).state is SessionState.ACTIVE  # redeemed a moment ago
    city.pass_time(20)
    await city.sessions.compare_live(GATEWAY, [])
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED
    assert (await city.attachment(spec.attachment_id)).close_reason is EndReason.GATEWAY_LOST


async def test_the_late_word_of_the_gateway_completes_the_books(city: City) -> None:
    session, spec = await city.work()
    city.pass_time(20)
    await city.sessions.compare_live(GATEWAY, [])
    await city.tell(spec, K.DETACHED, EndReason.CLIENT_SILENT, sent=9)
    attachment = await city.attachment(spec.attachment_id)
    assert (attachment.close_reason, attachment.bytes_to_browser) == (EndReason.CLIENT_SILENT, 9)
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED


async def test_a_silent_gateway_that_comes_back_keeps_its_sessions(city: City) -> None:
    session, spec = await city.work()
    await city.sessions.gateway_silent(GATEWAY, is_told=False)
    assert (await city.session(session.id)).state is SessionState.DISCONNECTED
    assert [record.event for record in await city.audit("gateway.lost")] == ["gateway.lost"]
    assert await city.sessions.compare_live(GATEWAY, [spec.attachment_id]) == []
    assert (await city.session(session.id)).state is SessionState.ACTIVE
    assert (await city.attachment(spec.attachment_id)).closed_at is None


async def test_a_silent_gateway_that_comes_back_too_late_must_let_go(city: City) -> None:
    session, spec = await city.work()
    await city.sessions.gateway_silent(GATEWAY, is_told=True)
    assert await city.audit("gateway.lost") == []
    second = await city.attach(await city.open())
    assert await city.sessions.compare_live(GATEWAY, [spec.attachment_id, second.attachment_id]) == [
        (spec.attachment_id, EndReason.TAKEN_OVER)
    ]
    await city.tell(spec, K.DETACHED, EndReason.TAKEN_OVER)
    assert (await city.session(session.id)).state is SessionState.ACTIVE


async def test_a_missed_termination_is_repeated_with_every_heartbeat(city: City) -> None:
    session, spec = await city.work()
    await city.sessions.log_off(city.person(), session.id)
    for _ in range(2):
        assert await city.sessions.compare_live(GATEWAY, [spec.attachment_id]) == [
            (spec.attachment_id, EndReason.LOGGED_OFF)
        ]


async def test_what_the_books_do_not_know_must_end(city: City) -> None:
    _, spec = await city.work()
    unknown = AttachmentId("from-another-life")
    assert await city.sessions.compare_live(GATEWAY, [spec.attachment_id, unknown]) == [(unknown, EndReason.TERMINATED)]
    assert await city.sessions.compare_live(GatewayId("gw-strange"), [spec.attachment_id]) == [
        (spec.attachment_id, EndReason.TERMINATED)
    ]


async def test_attached_after_a_termination_brings_nothing_back(city: City) -> None:
    await city.settle()
    session = await city.open()
    spec = await city.redeem(await city.ticket(session))
    await city.sessions.log_off(city.person(), session.id)
    await city.settle()
    await city.tell(spec, K.ATTACHED)
    await city.tell(spec, K.DRAWN)
    assert (await city.session(session.id)).state is SessionState.ENDED
    states = {desktop.state for desktop in await city.desktops(SHARED)}
    assert DesktopState.IN_USE not in states


@pytest.mark.parametrize(
    "way, outcome, event",
    [
        ("in", "passed", "clipboard.brought_in"),
        ("out", "passed", "clipboard.taken_out"),
        ("in", "too_long", "clipboard.refused"),
        ("sideways", "passed", "clipboard.refused"),
    ],
)
async def test_a_text_that_crossed_is_in_the_audit_by_length_and_digest(
    city: City, way: str, outcome: str, event: str
) -> None:
    session, spec = await city.work()
    await city.tell(spec, K.CLIPBOARD, way=way, outcome=outcome, bytes="30", characters="14", sha256="ab" * 32)
    record = (await city.audit("clipboard."))[-1]
    assert (record.event, record.subject) == (event, f"session:{session.id}")
    assert record.outcome == ("ok" if event != "clipboard.refused" else "refused")
    assert (record.detail["bytes"], record.detail["sha256"]) == ("30", "ab" * 32)
    assert record.actor == "user:user-1"
