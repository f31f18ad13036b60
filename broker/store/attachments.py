"""Attachments, and how far each gateway's events were taken."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update

from broker.model.ids import AttachmentId, GatewayId, SessionId
from broker.model.records import Attachment
from broker.store.schema.sessions import ATTACHMENT, GATEWAY_EVENT
from broker.store.statements import Statements, columns_of


class SqlAttachments:
    """The part of :class:`broker.ports.SessionTx` that gateways report on."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def add_attachment(self, attachment: Attachment) -> None:
        await self._db.add(ATTACHMENT, columns_of(attachment))

    async def get_attachment(self, attachment_id: AttachmentId) -> Attachment | None:
        """In a writing transaction the row stays locked, so that no report is lost."""
        found = select(ATTACHMENT).where(ATTACHMENT.c.id == attachment_id)
        return await self._db.one(Attachment, found.with_for_update() if self._db.is_writing else found)

    async def update_attachment(self, attachment: Attachment) -> None:
        mine = (ATTACHMENT.c.tenant_id == attachment.tenant_id, ATTACHMENT.c.id == attachment.id)
        values = columns_of(attachment, without=["tenant_id", "id", "session_id"])
        await self._db.run(update(ATTACHMENT).where(*mine).values(**values))

    async def list_open_attachments(
        self, *, session_id: SessionId | None = None, gateway_id: GatewayId | None = None
    ) -> list[Attachment]:
        """Oldest first; in a writing transaction the rows stay locked."""
        found = select(ATTACHMENT).where(ATTACHMENT.c.closed_at.is_(None))
        if session_id is not None:
            found = found.where(ATTACHMENT.c.session_id == session_id)
        if gateway_id is not None:
            found = found.where(ATTACHMENT.c.gateway_id == gateway_id)
        found = found.order_by(ATTACHMENT.c.redeemed_at, ATTACHMENT.c.id)
        return await self._db.every(Attachment, found.with_for_update() if self._db.is_writing else found)

    async def list_closed_attachments(self, gateway_ids: Collection[GatewayId], since: datetime) -> list[Attachment]:
        """Those of these gateways that the books closed at or after ``since``, oldest first."""
        column = ATTACHMENT.c
        found = select(ATTACHMENT).where(column.closed_at >= since, column.gateway_id.in_(sorted(gateway_ids)))
        return await self._db.every(Attachment, found.order_by(column.closed_at, column.id))

    async def get_last_event(self, gateway_id: GatewayId, epoch: str) -> int:
        """In a writing transaction the gateway stays held, so that no event is taken twice by two brokers."""
        await self._db.hold(f"gateway:{gateway_id}")
        mine = (GATEWAY_EVENT.c.gateway_id == gateway_id, GATEWAY_EVENT.c.epoch == epoch)
        return await self._db.number(select(GATEWAY_EVENT.c.last_number).where(*mine))

    async def put_last_event(self, gateway_id: GatewayId, epoch: str, number: int) -> None:
        values = {"gateway_id": gateway_id, "epoch": epoch, "last_number": number}
        await self._db.put(GATEWAY_EVENT, ["gateway_id", "epoch"], values)
