"""What gateways tell of attachments, taken into the books once each, in their numbered order.

An event may come late (a gateway kept it through a broker's absence) and after the books have closed its
attachment: the attachment's own row is then completed, and its session is left to whoever holds it now.
"""

import logging
from types import MappingProxyType
from typing import Final

import msgspec

from broker.errors import WireError
from broker.lifecycle.desktop import DesktopEvent, DesktopState
from broker.lifecycle.session import SESSION_STEPS, SessionEvent
from broker.lifecycle.step import may_step
from broker.model.ids import GatewayId
from broker.model.reasons import EndReason
from broker.model.records import Attachment, Session
from broker.pool.ending import End, end_session
from broker.pool.races import won, write_again
from broker.pool.records import Cut
from broker.pool.steps import stepped, swap
from broker.ports import Transaction
from broker.session.context import SessionContext, note_session, step_session
from broker.session.rules import Fate, fate_of_detach, honest_time, is_live
from broker.session.seats import seal_seat
from broker.wire.messages import EventKind, GatewayEvent

logger: Final = logging.getLogger(__name__)
_TEXT_EVENTS: Final = MappingProxyType({"in": "clipboard.brought_in", "out": "clipboard.taken_out"})
_MAX_DETAIL: Final = 8
_MAX_DETAIL_CHARS: Final = 200


async def take_event(context: SessionContext, gateway_id: GatewayId, epoch: str, event: GatewayEvent) -> list[Cut]:
    """Take one event; one that the books hold already changes nothing.

    Raises :class:`WireError` when a number in between is missing.
    """
    cuts = await write_again(context.store, lambda tx: _take(context, tx, gateway_id, epoch, event))
    if event.kind is EventKind.DETACHED:
        context.wake()
    return cuts


async def _take(
    context: SessionContext, tx: Transaction, gateway_id: GatewayId, epoch: str, event: GatewayEvent
) -> list[Cut]:
    last = await tx.sessions.get_last_event(gateway_id, epoch)
    if event.number <= last:
        return []
    if event.number != last + 1:
        raise WireError(f"event {event.number} of gateway {gateway_id} follows {last}")
    await tx.sessions.put_last_event(gateway_id, epoch, event.number)
    attachment = await tx.sessions.get_attachment(event.attachment_id)
    if attachment is None or attachment.gateway_id != gateway_id or attachment.session_id != event.session_id:
        logger.warning("gateway %s tells of an attachment that is not its own", gateway_id)
        return []
    session = await tx.sessions.get_session(attachment.tenant_id, attachment.session_id)
    if session is None:
        return []
    return await _apply(context, tx, event, attachment, session)


async def _apply(
    context: SessionContext, tx: Transaction, event: GatewayEvent, attachment: Attachment, session: Session
) -> list[Cut]:
    match event.kind:
        case EventKind.ATTACHED:
            await _attached(context, tx, event, attachment, session)
        case EventKind.DRAWN:
            await _drawn(tx, event, attachment, session)
        case EventKind.INPUT_REFUSED:
            await _note_oddity(tx, event, attachment, session, "input.refused", "refused")
        case EventKind.WATERMARK_NOT_ACKNOWLEDGED:
            await _note_oddity(tx, event, attachment, session, "watermark.not_acknowledged", "noticed")
        case EventKind.CLIPBOARD:
            await _note_text(tx, event, attachment, session)
        case EventKind.PARKED:
            await _parked(tx, event, attachment, session)
        case EventKind.DETACHED:
            return await _detached(tx, event, attachment, session)
    return []


async def _note_text(tx: Transaction, event: GatewayEvent, attachment: Attachment, session: Session) -> None:
    """A text crossed or was refused: its length and digest, never the text."""
    passed = _TEXT_EVENTS.get(event.detail.get("way", "")) if event.detail.get("outcome") == "passed" else None
    outcome = "ok" if passed else "refused"
    await _note_oddity(tx, event, attachment, session, passed or "clipboard.refused", outcome)


async def _note_oddity(
    tx: Transaction, event: GatewayEvent, attachment: Attachment, session: Session, name: str, outcome: str
) -> None:
    told = {"attachment": attachment.id, **_bounded(event.detail)}
    await note_session(tx, session, name, outcome=outcome, address=attachment.address, detail=told)


async def _attached(
    context: SessionContext, tx: Transaction, event: GatewayEvent, attachment: Attachment, session: Session
) -> None:
    at = honest_time(event.at, not_before=attachment.redeemed_at, now=tx.now)
    is_open = attachment.closed_at is None
    seat = seal_seat(context.sealing, attachment, event.seat) if is_open and event.seat is not None else None
    await tx.sessions.update_attachment(msgspec.structs.replace(attachment, attached_at=at, seat=seat))
    if attachment.closed_at is None:
        await mark_active(tx, session)
    await note_session(
        tx, session, "session.attached", address=attachment.address, detail={"attachment": attachment.id}
    )


async def _parked(tx: Transaction, event: GatewayEvent, attachment: Attachment, session: Session) -> None:
    """The line is down. The work goes on, and whoever comes back in time finds the connection as it was."""
    at = honest_time(event.at, not_before=attachment.redeemed_at, now=tx.now)
    await tx.sessions.update_attachment(msgspec.structs.replace(attachment, parked_at=at))
    if attachment.closed_at is None:
        await mark_parked(tx, session)
    detail = {"attachment": attachment.id, "reason": str(event.reason or EndReason.CLIENT_CLOSED)}
    await note_session(tx, session, "session.parked", address=attachment.address, detail=detail)


async def mark_parked(tx: Transaction, session: Session) -> None:
    """Nobody looks at the desktop of this session, and its gateway keeps the connection."""
    if may_step(SESSION_STEPS, session.state, SessionEvent.LINE_LOST):
        await step_session(tx, session, SessionEvent.LINE_LOST)


async def mark_active(tx: Transaction, session: Session) -> None:
    """Somebody is on the desktop of this session."""
    if may_step(SESSION_STEPS, session.state, SessionEvent.ATTACHED):
        await step_session(tx, session, SessionEvent.ATTACHED)
    if session.desktop_id is None:
        return
    desktop = await tx.pools.get_desktop(session.tenant_id, session.desktop_id)
    if desktop is not None and desktop.state is DesktopState.RESERVED and is_live(session):
        await swap(tx, desktop, stepped(desktop, tx.now, DesktopEvent.ATTACHED))


async def _drawn(tx: Transaction, event: GatewayEvent, attachment: Attachment, session: Session) -> None:
    at = honest_time(event.at, not_before=attachment.redeemed_at, now=tx.now)
    await tx.sessions.update_attachment(msgspec.structs.replace(attachment, first_frame_at=at))
    if session.started_at is None:
        begun = msgspec.structs.replace(session, started_at=at)
        won(await tx.sessions.swap_session(session, begun))
    if is_live(session) and session.desktop_id is not None:
        desktop = await tx.pools.get_desktop(session.tenant_id, session.desktop_id)
        if desktop is not None and desktop.failures:
            await swap(tx, desktop, msgspec.structs.replace(desktop, failures=0, fault=None))
    took_ms = str(int((at - attachment.redeemed_at).total_seconds() * 1000))
    await note_session(
        tx,
        session,
        "session.first_frame_drawn",
        address=attachment.address,
        detail={"attachment": attachment.id, "after_redeem_ms": took_ms},
    )


async def _detached(tx: Transaction, event: GatewayEvent, attachment: Attachment, session: Session) -> list[Cut]:
    told = event.reason or EndReason.CLIENT_CLOSED
    # What the books decided stands; only the presumption that the gateway was lost gives way to its word.
    decided = attachment.close_reason
    reason = told if decided is None or decided is EndReason.GATEWAY_LOST else decided
    at = honest_time(event.at, not_before=attachment.redeemed_at, now=tx.now)
    await tx.sessions.update_attachment(
        msgspec.structs.replace(
            attachment,
            closed_at=at,
            close_reason=reason,
            seat=None,
            bytes_to_browser=max(0, event.bytes_to_browser),
            bytes_from_browser=max(0, event.bytes_from_browser),
        )
    )
    detail = {
        "attachment": attachment.id,
        "reason": str(reason),
        "bytes_to_browser": str(event.bytes_to_browser),
        "bytes_from_browser": str(event.bytes_from_browser),
    }
    await note_session(tx, session, "session.detached", address=attachment.address, detail=detail)
    if attachment.closed_at is not None or not is_live(session):
        return []
    return await leave(tx, session, told)


async def leave(tx: Transaction, session: Session, reason: EndReason) -> list[Cut]:
    """The one attachment of a live session is gone."""
    match fate_of_detach(session, reason):
        case Fate.END:
            return await end_session(tx, session, End(reason=reason))
        case Fate.FAIL:
            fault = f"a session could not reach it: {reason}"
            return await end_session(tx, session, End(reason=reason, has_failed=True, fault=fault))
        case Fate.DISCONNECT:
            if may_step(SESSION_STEPS, session.state, SessionEvent.DETACHED):
                await step_session(tx, session, SessionEvent.DETACHED)
            return []


def _bounded(detail: dict[str, str]) -> dict[str, str]:
    """What a gateway tells, cut to what an audit line should hold."""
    return {name[:_MAX_DETAIL_CHARS]: text[:_MAX_DETAIL_CHARS] for name, text in list(detail.items())[:_MAX_DETAIL]}
