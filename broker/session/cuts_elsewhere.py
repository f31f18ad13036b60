"""Tunnels that another broker closed in the books: their gateways are told by the broker that they have dialled."""

from datetime import datetime, timedelta
from typing import Final

from broker.model.ids import AttachmentId
from broker.model.reasons import EndReason
from broker.pool.records import Cut
from broker.session.context import SessionContext

_LOOKED_BACK: Final = timedelta(seconds=15)
"""Heartbeats of gateways repeat whatever was missed for longer."""


class CutMemory:
    """What this broker has passed on. It may be lost: gateways let an end pass that they know already."""

    def __init__(self) -> None:
        self._passed_on: dict[AttachmentId, datetime] = {}

    def note(self, attachment_id: AttachmentId, closed_at: datetime) -> bool:
        """True for what is new."""
        if attachment_id in self._passed_on:
            return False
        self._passed_on[attachment_id] = closed_at
        return True

    def forget_before(self, moment: datetime) -> None:
        self._passed_on = {one: at for one, at in self._passed_on.items() if at >= moment}


async def cuts_elsewhere(context: SessionContext, memory: CutMemory) -> list[Cut]:
    """What the gateways connected here have still to hear of, whichever broker ended it.

    The presumption that a gateway is lost is no end: it may just have dialled this broker instead.
    """
    gateways = context.tunnels.connected()
    if not gateways:
        return []
    async with context.store.read() as tx:
        since = tx.now - _LOOKED_BACK
        closed = await tx.sessions.list_closed_attachments(gateways, since)
    memory.forget_before(since)
    return [
        Cut(attachment, attachment.close_reason)
        for attachment in closed
        if attachment.close_reason is not None and attachment.close_reason is not EndReason.GATEWAY_LOST
        if attachment.closed_at is not None and memory.note(attachment.id, attachment.closed_at)
    ]
