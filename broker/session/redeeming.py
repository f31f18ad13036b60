"""Redeeming a ticket: everything is asked again, and the answer is a complete connection or a code."""

import hmac
from collections.abc import Collection

import msgspec

from broker.errors import SealBroken
from broker.model.grants import Grants
from broker.model.ids import AttachmentId, GatewayId, ZoneId, new_id
from broker.model.reasons import EndReason, TicketRefusal
from broker.model.records import Attachment, Pool, Session, WebSession
from broker.model.ticket import Ticket
from broker.model.watermark import TemplateRefused
from broker.policy.decision import Allow, Deny
from broker.pool.credentials import open_credential
from broker.pool.ending import close_attachments
from broker.pool.parameters import connection_parameters
from broker.pool.races import won, write_again
from broker.pool.records import Cut
from broker.pool.steps import note, user_actor
from broker.ports import Transaction
from broker.secret import hash_token
from broker.session.asking_policy import decide, live_web_session
from broker.session.context import SessionContext, note_session
from broker.session.marking import Bearer, mark_grants
from broker.session.records import RedeemDenied, RedeemOk, RedeemOutcome
from broker.session.rules import UP_STATES, is_live, remaining_grants
from broker.session.seats import open_seat
from broker.wire.messages import ConnectionSpec


class Redemption(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as a gateway hands it in. ``zones`` and ``entrance`` are those that the gateway
    serves."""

    ticket: str
    tunnel_cookie: str
    gateway_id: GatewayId
    zones: Collection[ZoneId]
    entrance: str
    address: str

    def __repr__(self) -> str:
        return f"Redemption(gateway_id={self.gateway_id!r})"


async def redeem(context: SessionContext, redemption: Redemption) -> tuple[RedeemOutcome, list[Cut]]:
    """The connection, and the attachments that it takes over (to be ended at their gateways).

    A ticket that never was is looked up and no more: whoever invents tickets holds up no writer.
    """
    async with context.store.read() as tx:
        if await tx.sessions.get_ticket(hash_token(redemption.ticket)) is None:
            return RedeemDenied(TicketRefusal.UNKNOWN), []
    return await write_again(context.store, lambda tx: _redeem(context, tx, redemption))


async def _redeem(context: SessionContext, tx: Transaction, asked: Redemption) -> tuple[RedeemOutcome, list[Cut]]:
    ticket = await tx.sessions.get_ticket(hash_token(asked.ticket))
    if ticket is None:
        return RedeemDenied(TicketRefusal.UNKNOWN), []  # nobody's: there is no tenant whose audit could hold it
    if not hmac.compare_digest(hash_token(asked.tunnel_cookie), ticket.tunnel_hash):
        # Left unused: somebody else's try must not take the ticket from the person it belongs to.
        return await _refuse(tx, ticket, asked, TicketRefusal.WRONG_TUNNEL), []
    if not await tx.sessions.redeem_ticket(ticket.token_hash):
        code = TicketRefusal.EXPIRED if ticket.redeemed_at is None else TicketRefusal.USED
        return await _refuse(tx, ticket, asked, code), []
    session = await tx.sessions.get_session(ticket.tenant_id, ticket.session_id)
    if session is None or not is_live(session) or session.user_id != ticket.user_id:
        return await _refuse(tx, ticket, asked, TicketRefusal.SESSION_ENDED), []
    return await _redeem_for(context, tx, asked, ticket, session)


async def _redeem_for(
    context: SessionContext, tx: Transaction, asked: Redemption, ticket: Ticket, session: Session
) -> tuple[RedeemOutcome, list[Cut]]:
    web = await live_web_session(tx, ticket.tenant_id, ticket.user_id, ticket.web_session_hash)
    if web is None or not hmac.compare_digest(web.tunnel_hash, ticket.tunnel_hash):
        return await _refuse(tx, ticket, asked, TicketRefusal.SIGNED_OUT), []
    if web.entrance != asked.entrance:
        return await _refuse(tx, ticket, asked, TicketRefusal.WRONG_ENTRANCE, entrance=web.entrance), []
    pool = await tx.pools.get_pool(session.tenant_id, session.pool_id)
    zone = None if pool is None else await tx.pools.get_zone(pool.tenant_id, pool.zone_id)
    if pool is None or zone is None or zone.id not in asked.zones:
        return await _refuse(tx, ticket, asked, TicketRefusal.WRONG_ZONE), []
    match await decide(tx, session.tenant_id, session.user_id, web.token_hash, pool):
        case Deny(reason):
            return await _refuse(tx, ticket, asked, TicketRefusal.POLICY, reason=str(reason)), []
        case Allow(grants):
            pass
    granted = remaining_grants(session, grants, tx.now)
    if granted.absolute_limit_s == 0:
        return await _refuse(tx, ticket, asked, TicketRefusal.SESSION_ENDED), []
    marked = await _mark(tx, granted, pool, web, asked)
    if isinstance(marked, TemplateRefused):
        return await _refuse(tx, ticket, asked, TicketRefusal.POLICY, why=f"watermark: {marked.why}"), []
    parameters = await _parameters(context, tx, session, pool)
    if isinstance(parameters, str):
        return await _refuse(tx, ticket, asked, TicketRefusal.NO_DESKTOP, why=parameters), []
    before = await tx.sessions.list_open_attachments(session_id=session.id)
    attachment, cuts = await _attach(tx, session, asked)
    return RedeemOk(
        ConnectionSpec(
            session_id=session.id,
            attachment_id=attachment.id,
            tenant_id=session.tenant_id,
            zone_id=zone.id,
            guacd_group=pool.guacd_group or zone.id,
            protocol=pool.protocol,
            parameters=parameters,
            grants=marked,
            max_unsupervised_s=zone.max_unsupervised_s,
            seat=open_seat(context.sealing, before[-1]) if before else None,
        )
    ), cuts


async def _mark(
    tx: Transaction, grants: Grants, pool: Pool, web: WebSession, asked: Redemption
) -> Grants | TemplateRefused:
    bearer = Bearer(
        tenant=await tx.people.get_tenant(web.tenant_id),
        user=await tx.people.get_user(web.tenant_id, web.user_id),
        web=web,
        device=None if web.device_id is None else await tx.devices.get_device(web.tenant_id, web.device_id),
        address=asked.address,
    )
    return mark_grants(grants, pool, bearer, tx.now)


async def _parameters(context: SessionContext, tx: Transaction, session: Session, pool: Pool) -> dict[str, str] | str:
    """guacd's arguments, with the desktop's account opened just now; or why there are none."""
    desktop = None
    if session.desktop_id is not None:
        desktop = await tx.pools.get_desktop(session.tenant_id, session.desktop_id)
    if desktop is None or desktop.state not in UP_STATES or desktop.endpoint is None:
        return "the desktop is not up"
    held = await tx.sessions.get_assignment_on(session.tenant_id, desktop.id)
    if held is None or held.id != session.assignment_id or held.user_id != session.user_id:
        return "the seat is not this person's"
    try:
        credential = open_credential(context.sealing, desktop)
    except SealBroken:
        return "the desktop's account does not open with the present key"
    return connection_parameters(pool.protocol, pool.parameters, desktop.endpoint, credential)


async def _attach(tx: Transaction, session: Session, asked: Redemption) -> tuple[Attachment, list[Cut]]:
    """One attachment per session: whoever was attached before is taken over."""
    won(await tx.sessions.swap_session(session, session))  # of two redemptions at once, one begins again
    cuts = await close_attachments(tx, session, EndReason.TAKEN_OVER)
    for cut in cuts:
        told = {"attachment": cut.attachment.id, "from": cut.attachment.address}
        event = "session.taken_over" if cut.attachment.parked_at is None else "session.resumed"
        await note_session(tx, session, event, address=asked.address, detail=told)
    attachment = Attachment(
        tenant_id=session.tenant_id,
        id=AttachmentId(new_id()),
        session_id=session.id,
        gateway_id=asked.gateway_id,
        address=asked.address,
        redeemed_at=tx.now,
    )
    await tx.sessions.add_attachment(attachment)
    return attachment, cuts


async def _refuse(
    tx: Transaction, ticket: Ticket, asked: Redemption, code: TicketRefusal, **detail: str
) -> RedeemDenied:
    await note(
        tx,
        ticket.tenant_id,
        "ticket.refused",
        f"session:{ticket.session_id}",
        actor=user_actor(ticket.user_id),
        outcome=str(code),
        address=asked.address,
        detail={"gateway": asked.gateway_id, **detail},
    )
    return RedeemDenied(code)
