"""What the wire asks of the session service."""

from collections.abc import Collection
from typing import Protocol

from broker.model.ids import AttachmentId, GatewayId, ZoneId
from broker.model.reasons import EndReason
from broker.session.records import RedeemOutcome
from broker.wire.messages import GatewayEvent


class TunnelBooks(Protocol):
    """The books of tunnels. Every method may raise :class:`broker.errors.StoreUnavailable`."""

    async def redeem(
        self,
        *,
        ticket: str,
        tunnel_cookie: str,
        gateway_id: GatewayId,
        zones: Collection[ZoneId],
        entrance: str,
        address: str,
    ) -> RedeemOutcome: ...

    async def take_event(self, gateway_id: GatewayId, epoch: str, event: GatewayEvent) -> None:
        """Idempotent by number. Raises :class:`broker.errors.WireError` for a number out of order."""
        ...

    async def last_event(self, gateway_id: GatewayId, epoch: str) -> int: ...

    async def compare_live(
        self, gateway_id: GatewayId, live: Collection[AttachmentId]
    ) -> list[tuple[AttachmentId, EndReason]]:
        """What the gateway must terminate; what it no longer holds is closed in the books."""
        ...

    async def gateway_silent(self, gateway_id: GatewayId, *, is_told: bool) -> None:
        """``is_told``: the audit has the loss already, from the end of its connection."""
        ...
