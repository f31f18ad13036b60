"""The way to the gateways."""

from typing import Protocol

from broker.model.reasons import EndReason
from broker.model.records import (
    Attachment,
)


class TunnelControl(Protocol):
    """Tells whichever gateway holds an attachment to end it. Best effort: heartbeats repeat what was missed."""

    async def terminate(self, attachment: Attachment, reason: EndReason) -> None: ...
