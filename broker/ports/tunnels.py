"""The way to the gateways."""

from typing import Protocol

from broker.model.ids import GatewayId
from broker.model.reasons import EndReason
from broker.model.records import (
    Attachment,
)


class TunnelControl(Protocol):
    """Tells whichever gateway holds an attachment to end it. Best effort: heartbeats repeat what was missed."""

    def connected(self) -> frozenset[GatewayId]:
        """The gateways that can be told from here; others have dialled another broker, or none."""
        ...

    async def terminate(self, attachment: Attachment, reason: EndReason) -> None: ...
