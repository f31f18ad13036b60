"""Which gateways are connected, and which have been silent for too long."""

import asyncio
from typing import Final

import structlog

from broker.errors import StoreError
from broker.link.books import TunnelBooks
from broker.link.channel import SILENT, Channel
from broker.model.ids import GatewayId
from broker.model.reasons import EndReason
from broker.model.records import Attachment
from broker.ports import Store
from broker.wire.messages import Terminate

_log: Final = structlog.get_logger(__name__)
_LOOKS_PER_SILENCE: Final = 10


class GatewayDirectory:
    """The connected gateways by id. Implements :class:`broker.ports.TunnelControl`."""

    def __init__(self) -> None:
        self._channels: dict[GatewayId, Channel] = {}
        self._heard_s: dict[GatewayId, float] = {}
        self._told_lost: set[GatewayId] = set()

    async def terminate(self, attachment: Attachment, reason: EndReason) -> None:
        """Tell the gateway that holds it; one that is not connected learns by its next heartbeat."""
        channel = self._channels.get(attachment.gateway_id)
        if channel is not None:
            channel.send(Terminate(attachment_id=attachment.id, reason=reason))

    def connected(self) -> frozenset[GatewayId]:
        return frozenset(self._channels)

    def enter(self, gateway_id: GatewayId, channel: Channel) -> Channel | None:
        """Answers the connection that this one replaces."""
        before = self._channels.get(gateway_id)
        self._channels[gateway_id] = channel
        self._told_lost.discard(gateway_id)
        self.hear(gateway_id)
        return before

    def leave(self, gateway_id: GatewayId, channel: Channel) -> bool:
        """False when a newer connection has taken the place."""
        if self._channels.get(gateway_id) is not channel:
            return False
        del self._channels[gateway_id]
        return True

    def note_told(self, gateway_id: GatewayId) -> None:
        """The audit has it that the connection was lost: silence adds nothing to that."""
        self._told_lost.add(gateway_id)

    def hear(self, gateway_id: GatewayId) -> None:
        """Note a sign of life."""
        self._heard_s[gateway_id] = asyncio.get_running_loop().time()

    async def watch(self, books: TunnelBooks, store: Store, silence_s: float) -> None:
        """Tell the books of every gateway that stays silent, also of those from before this broker's start."""
        is_complete = False
        while True:
            try:
                if not is_complete:
                    await self._expect_known(store)
                    is_complete = True
                await self._tell_silent(books, silence_s)
            except (StoreError, TimeoutError) as error:
                _log.warning("wire.silence_not_booked", fault=str(error))
            await asyncio.sleep(silence_s / _LOOKS_PER_SILENCE)

    async def _expect_known(self, store: Store) -> None:
        async with store.read() as tx:
            held = await tx.sessions.list_open_attachments()
        for gateway_id in {attachment.gateway_id for attachment in held} - self._heard_s.keys():
            self.hear(gateway_id)

    async def _tell_silent(self, books: TunnelBooks, silence_s: float) -> None:
        latest_s = asyncio.get_running_loop().time() - silence_s
        for gateway_id in [known for known, heard_s in self._heard_s.items() if heard_s < latest_s]:
            channel = self._channels.get(gateway_id)
            if channel is not None:
                channel.end(SILENT)  # whose end is audited where the connection ends
            await books.gateway_silent(gateway_id, is_told=channel is not None or gateway_id in self._told_lost)
            # It may have come back while the books were busy: then it is watched as before.
            if self._heard_s[gateway_id] < latest_s:
                del self._heard_s[gateway_id]
