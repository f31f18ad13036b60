"""Books against what a gateway really holds, at its greeting and with every heartbeat."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial

import msgspec

from broker.lifecycle.session import SESSION_STEPS, SessionEvent
from broker.lifecycle.step import may_step
from broker.model.ids import AttachmentId, GatewayId, TenantId
from broker.model.reasons import EndReason
from broker.model.records import Attachment
from broker.pool.races import write_again
from broker.pool.steps import note
from broker.ports import Transaction
from broker.session.context import SessionContext, note_session, step_session
from broker.session.rules import LIVE_GRACE_S, is_live, may_revive, why_not
from broker.session.tunnel_events import mark_active, mark_parked


async def compare_live(
    context: SessionContext, gateway_id: GatewayId, live: Collection[AttachmentId]
) -> list[tuple[AttachmentId, EndReason]]:
    """What the gateway must end. Open attachments that it no longer holds are closed in the books; one that the
    books had given up and that it still holds counts again, if nobody took its session meanwhile."""
    held = frozenset(live)
    async with context.store.read() as tx:
        known = await tx.sessions.list_open_attachments(gateway_id=gateway_id)
        gone = [attachment for attachment in known if _is_gone(attachment, held, tx)]
    extra = held - {attachment.id for attachment in known}
    for attachment in gone:
        await write_again(context.store, partial(_give_up, attachment=attachment))
    to_end: list[tuple[AttachmentId, EndReason]] = []
    for attachment_id in sorted(extra):
        reason = await write_again(context.store, partial(_judge, gateway_id=gateway_id, attachment_id=attachment_id))
        if reason is not None:
            to_end.append((attachment_id, reason))
    return to_end


async def gateway_silent(context: SessionContext, gateway_id: GatewayId, *, is_told: bool) -> None:
    """The gateway is lost as far as the books go: its sessions are disconnected, their work waits.

    ``is_told``: the audit has the loss already, from the end of its connection.
    """
    async with context.store.read() as tx:
        known = await tx.sessions.list_open_attachments(gateway_id=gateway_id)
    for attachment in known:
        await write_again(context.store, partial(_give_up, attachment=attachment))
    if is_told:
        return
    for tenant_id in sorted({attachment.tenant_id for attachment in known}):
        count = sum(1 for attachment in known if attachment.tenant_id == tenant_id)
        await write_again(context.store, partial(_note_lost, tenant_id=tenant_id, gateway_id=gateway_id, count=count))


def _is_gone(attachment: Attachment, held: frozenset[AttachmentId], tx: Transaction) -> bool:
    is_settled = attachment.redeemed_at + timedelta(seconds=LIVE_GRACE_S) < tx.now
    return attachment.id not in held and is_settled


async def _give_up(tx: Transaction, attachment: Attachment) -> None:
    found = await tx.sessions.get_attachment(attachment.id)
    if found is None or found.closed_at is not None:
        return
    await tx.sessions.update_attachment(
        msgspec.structs.replace(found, closed_at=tx.now, close_reason=EndReason.GATEWAY_LOST)
    )
    session = await tx.sessions.get_session(found.tenant_id, found.session_id)
    if session is None:
        return
    detail = {"attachment": found.id, "reason": str(EndReason.GATEWAY_LOST)}
    await note_session(tx, session, "session.detached", outcome="presumed", address=found.address, detail=detail)
    if is_live(session) and may_step(SESSION_STEPS, session.state, SessionEvent.DETACHED):
        await step_session(tx, session, SessionEvent.DETACHED)


async def _judge(tx: Transaction, gateway_id: GatewayId, attachment_id: AttachmentId) -> EndReason | None:
    """Why the gateway must end this attachment; ``None``: it counts (again)."""
    attachment = await tx.sessions.get_attachment(attachment_id)
    if attachment is None or attachment.gateway_id != gateway_id:
        return EndReason.TERMINATED
    if attachment.closed_at is None:
        return None
    session = await tx.sessions.get_session(attachment.tenant_id, attachment.session_id)
    has_other = bool(await tx.sessions.list_open_attachments(session_id=attachment.session_id))
    if session is None or not may_revive(attachment, session, has_other=has_other):
        return why_not(attachment, session, has_other=has_other)
    await tx.sessions.update_attachment(msgspec.structs.replace(attachment, closed_at=None, close_reason=None))
    if attachment.attached_at is not None:
        await mark_active(tx, session)
    again = await tx.sessions.get_session(session.tenant_id, session.id)
    if attachment.parked_at is not None and again is not None:
        await mark_parked(tx, again)
    detail = {"attachment": attachment.id}
    await note_session(tx, session, "session.attached", outcome="again", address=attachment.address, detail=detail)
    return None


async def _note_lost(tx: Transaction, tenant_id: TenantId, gateway_id: GatewayId, count: int) -> None:
    await note(
        tx, tenant_id, "gateway.lost", f"gateway:{gateway_id}", outcome="failed", detail={"attachments": str(count)}
    )
