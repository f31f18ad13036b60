"""The line is lost: the work stays with its connection, and whoever comes back is told where that is."""

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.reasons import EndReason
from broker.session.records import TicketIssued
from broker.wire.messages import ConnectionSpec, EventKind, GuacdSeat
from tests.broker.city import City
from tests.factories import GATEWAY

K = EventKind
SEAT = GuacdSeat(
    address="127.0.0.1:4822", connection_id="$260d01da-779b-4ee9-afc1-c16bae885cc7", restrictions="as-it-was"
)


async def _work(city: City) -> ConnectionSpec:
    session = await city.open()
    await city.settle()
    spec = await city.redeem(await city.ticket(session))
    await city.tell(spec, K.ATTACHED, seat=SEAT)
    await city.tell(spec, K.DRAWN)
    return spec


async def test_a_lost_line_parks_the_session_and_the_next_ticket_says_where_it_is(city: City) -> None:
    spec = await _work(city)
    assert spec.seat is None
    await city.tell(spec, K.PARKED, EndReason.CLIENT_SILENT)
    session = await city.session(spec.session_id)
    assert session.state is SessionState.PARKED
    assert (await city.desktop(session.desktop_id)).state is DesktopState.IN_USE
    again = await city.redeem(await city.ticket(session))
    assert again.session_id == spec.session_id
    assert again.attachment_id != spec.attachment_id
    assert again.seat == SEAT
    await city.tell(again, K.ATTACHED, seat=SEAT)
    assert (await city.session(spec.session_id)).state is SessionState.ACTIVE
    events = [record.event for record in await city.audit("session.")]
    assert events[-3:] == ["session.parked", "session.resumed", "session.attached"]
    assert not await city.audit("session.taken_over")


async def test_the_old_attachment_is_closed_in_the_books_before_the_new_one_is_told_anything(city: City) -> None:
    spec = await _work(city)
    await city.tell(spec, K.PARKED, EndReason.CLIENT_CLOSED)
    await city.redeem(await city.ticket(await city.session(spec.session_id)))
    assert (await city.attachment(spec.attachment_id)).close_reason is EndReason.TAKEN_OVER
    assert (spec.attachment_id, EndReason.TAKEN_OVER) in city.tunnels.told


async def test_one_whose_old_line_is_not_noticed_as_lost_is_told_where_it_is_too(city: City) -> None:
    spec = await _work(city)
    again = await city.redeem(await city.ticket(await city.session(spec.session_id)))
    assert again.seat == SEAT
    assert len(await city.audit("session.taken_over")) == 1


async def test_a_connection_that_is_over_is_told_to_nobody(city: City) -> None:
    spec = await _work(city)
    await city.tell(spec, K.PARKED, EndReason.CLIENT_CLOSED)
    await city.tell(spec, K.DETACHED, EndReason.CLIENT_CLOSED)
    session = await city.session(spec.session_id)
    assert session.state is SessionState.DISCONNECTED
    assert (await city.attachment(spec.attachment_id)).seat is None
    assert (await city.redeem(await city.ticket(session))).seat is None


async def test_who_is_not_entitled_any_more_gets_no_ticket_for_what_is_parked(city: City) -> None:
    spec = await _work(city)
    await city.tell(spec, K.PARKED, EndReason.CLIENT_CLOSED)
    session = await city.session(spec.session_id)
    await city.change_user(1, groups=frozenset({"somewhere else"}))
    outcome = await city.sessions.issue_ticket(city.person(1), session.id)
    assert not isinstance(outcome, TicketIssued)


async def test_a_parked_session_whose_reason_goes_ends_at_its_gateway(city: City) -> None:
    spec = await _work(city)
    await city.tell(spec, K.PARKED, EndReason.CLIENT_CLOSED)
    await city.change_user(1, is_locked=True)
    await city.settle()
    assert (await city.session(spec.session_id)).state is SessionState.ENDED
    assert (spec.attachment_id, EndReason.ACCOUNT_LOCKED) in city.tunnels.told


async def test_a_parked_one_that_its_gateway_still_holds_counts_again_after_the_gateway_was_thought_lost(
    city: City,
) -> None:
    spec = await _work(city)
    await city.tell(spec, K.PARKED, EndReason.CLIENT_CLOSED)
    await city.sessions.gateway_silent(GATEWAY, is_told=False)
    assert (await city.session(spec.session_id)).state is SessionState.DISCONNECTED
    assert await city.sessions.compare_live(GATEWAY, [spec.attachment_id]) == []
    session = await city.session(spec.session_id)
    assert session.state is SessionState.PARKED
    assert (await city.redeem(await city.ticket(session))).seat == SEAT


async def test_the_id_of_a_connection_stands_nowhere_in_clear(city: City) -> None:
    spec = await _work(city)
    attachment = await city.attachment(spec.attachment_id)
    assert attachment.seat is not None
    assert SEAT.connection_id.encode() not in attachment.seat.blob
    again = await city.redeem(await city.ticket(await city.session(spec.session_id)))
    shown = f"{attachment!r} {SEAT!r} {again!r} {await city.audit()!r}"
    assert SEAT.connection_id not in shown


async def test_of_two_that_come_back_at_once_one_has_the_seat(city: City) -> None:
    spec = await _work(city)
    await city.tell(spec, K.PARKED, EndReason.CLIENT_CLOSED)
    session = await city.session(spec.session_id)
    first = await city.redeem(await city.ticket(session))
    second = await city.redeem(await city.ticket(await city.session(spec.session_id)))
    assert first.seat == SEAT
    assert second.seat is None, "the first has not said yet where it sits"
    assert (await city.attachment(first.attachment_id)).close_reason is EndReason.TAKEN_OVER
