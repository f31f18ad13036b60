"""What an attachment needs from the process around it."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from broker.model.ids import SessionId
from broker.model.reasons import EndReason
from broker.secret import Secret
from broker.wire.messages import ConnectionSpec, EventKind, GuacdSeat, Redeemed, RedeemRefused
from gateway.guacd import GuacdDialler
from gateway.keeping import Kept
from gateway.limits import RelayLimits
from gateway.relay import Relay
from gateway.settings import DoorLimits
from gateway.status import DoorRefusal
from gateway.watermark.press import TilePress


class Facts:
    """Numbers and words for one event: of a relay, and what there is besides."""

    def __init__(
        self, relay: Relay | None = None, detail: Mapping[str, str] | None = None, seat: GuacdSeat | None = None
    ) -> None:
        self.bytes_to_browser = relay.bytes_to_browser if relay else 0
        self.bytes_from_browser = relay.bytes_from_browser if relay else 0
        self.detail = (_describe(relay) if relay else {}) | dict(detail or {})
        self.seat = seat


def _describe(relay: Relay) -> dict[str, str]:
    """Facts for the audit: numbers and words, no content."""
    facts = {"dropped": str(relay.dropped), "unknown": str(relay.unknown)}
    if relay.passages.unaudited:
        facts["clipboard_refused"] = str(relay.passages.unaudited)
    if relay.violation is not None:
        facts |= {"rule": relay.violation.rule, "opcode": relay.violation.opcode}
    return facts


class Occupant(Protocol):
    """An attachment, as the process around it sees it."""

    relay: Relay | None
    over: asyncio.Event

    def is_of(self, session_id: SessionId) -> bool:
        """Whether it shows this session."""
        ...

    def terminate(self, reason: EndReason) -> None:
        """End it now, wherever it stands."""
        ...


class Surroundings(Protocol):
    """What an attachment needs from the process around it."""

    door: DoorLimits
    relay_limits: RelayLimits
    press: TilePress
    dialler: GuacdDialler

    async def redeem(self, ticket: Secret, cookie: Secret, address: str) -> Redeemed | RedeemRefused | DoorRefusal:
        """The broker's answer, or why it was not asked or did not give one."""
        ...

    def find_guacds(self, spec: ConnectionSpec) -> list[str]:
        """Addresses in the order in which to try them; empty when this gateway does not serve the zone."""
        ...

    def admit(self, attachment: Occupant, spec: ConnectionSpec) -> bool:
        """The ticket was good: count it among the sessions, unless there are too many."""
        ...

    def release(self, spec: ConnectionSpec) -> None:
        """It is over."""
        ...

    async def claim(self, spec: ConnectionSpec) -> Kept | None:
        """What is held here of this session since an earlier attachment; it is the caller's from now on."""
        ...

    def keep(self, kept: Kept, reason: EndReason) -> None:
        """Its browser is gone for ``reason``: keep the desktop's connection, and tell the broker."""
        ...

    def hold_guacd(self, address: str) -> AbstractContextManager[None]:
        """While a session runs there."""
        ...

    def report(self, spec: ConnectionSpec, kind: EventKind, ending: EndReason | None, facts: Facts) -> None:
        """Tell the broker."""
        ...
