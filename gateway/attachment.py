"""One WebSocket from its first message to its close: ticket → broker → guacd → relay → end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

import structlog

from broker.model.reasons import EndReason
from broker.secret import Secret
from broker.wire.messages import ConnectionSpec, EventKind, Redeemed, RedeemRefused
from gateway.door import PresentedTicket
from gateway.early import EarlyReader
from gateway.errors import ProtocolViolation
from gateway.guacd import GuacdDialler, Opened, open_guacd
from gateway.handshake import Failed, Handshake
from gateway.limits import RelayLimits
from gateway.passages import describe
from gateway.relay import Relay, describe_end
from gateway.settings import DoorLimits
from gateway.status import DoorRefusal
from gateway.watermark.overlay import Overlay
from gateway.watermark.press import TilePress
from gateway.watermark.tile import NotDrawn, Tile
from gateway.websocket import BrowserSocket

_log: Final = structlog.get_logger(__name__)

Ending = EndReason | DoorRefusal


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

    def admit(self, attachment: "Attachment", spec: ConnectionSpec) -> bool:
        """The ticket was good: count it among the sessions, unless there are too many."""
        ...

    def release(self, spec: ConnectionSpec) -> None:
        """It is over."""
        ...

    def hold_guacd(self, address: str) -> AbstractContextManager[None]:
        """While a session runs there."""
        ...

    def report(self, spec: ConnectionSpec, kind: EventKind, ending: EndReason | None, facts: "Facts") -> None:
        """Tell the broker."""
        ...


class Facts:
    """Numbers and words for one event."""

    def __init__(self, relay: Relay | None = None, **detail: str) -> None:
        self.bytes_to_browser = relay.bytes_to_browser if relay else 0
        self.bytes_from_browser = relay.bytes_from_browser if relay else 0
        self.detail = (describe_end(relay) if relay else {}) | detail


class Attachment:
    """Runs one WebSocket. :meth:`terminate` may be called at any time."""

    def __init__(self, browser: BrowserSocket, cookie: Secret, address: str, around: Surroundings) -> None:
        loop = asyncio.get_running_loop()
        self.relay: Relay | None = None
        self.on_admitted: Callable[[], None] = lambda: None
        """Called when the ticket has made this a session."""
        self._browser = browser
        self._cookie = cookie
        self._address = address
        self._around = around
        self._early = EarlyReader(browser, around.relay_limits.instructions_per_s, self.terminate)
        self._interrupted: asyncio.Future[EndReason] = loop.create_future()
        self._violation: ProtocolViolation | None = None

    async def run(self) -> Ending:
        """To the end. The caller closes the WebSocket accordingly."""
        self._browser.on_message = self._early.take
        pump = asyncio.create_task(self._browser.pump(self._find_obstacle))
        pump.add_done_callback(self._note_pump_ended)
        try:
            return await self._proceed()
        finally:
            pump.cancel()
            await asyncio.wait([pump])

    def terminate(self, reason: EndReason) -> None:
        """End it now, wherever it stands."""
        if not self._interrupted.done():
            self._interrupted.set_result(reason)
        if self.relay is not None:
            self.relay.end(reason)

    # --- one way

    async def _proceed(self) -> Ending:
        presented = await self._wait_for_ticket()
        if isinstance(presented, DoorRefusal):
            return presented
        answer = await self._around.redeem(presented.ticket, self._cookie, self._address)
        match answer:
            case DoorRefusal():
                return answer
            case RedeemRefused(code="unavailable"):
                # a broker without its database: the same ticket may be good in a moment
                return DoorRefusal.BROKER_AWAY
            case RedeemRefused():
                return DoorRefusal.TICKET_REFUSED
            case Redeemed(spec=spec):
                return await self._attach(spec, presented)

    async def _wait_for_ticket(self) -> PresentedTicket | DoorRefusal:
        try:
            async with asyncio.timeout(self._around.door.ticket_s):
                return await self._early.ticket
        except TimeoutError:
            return DoorRefusal.TICKET_MISSING

    async def _attach(self, spec: ConnectionSpec, presented: PresentedTicket) -> Ending:
        """From here on the broker's books know this attachment: every way out reports ``detached``."""
        addresses = self._around.find_guacds(spec)
        refusal: DoorRefusal | None = None
        if not addresses:
            refusal = DoorRefusal.ZONE_NOT_SERVED
        elif not self._around.admit(self, spec):
            refusal = DoorRefusal.GATEWAY_FULL
        if refusal is not None:
            self._around.report(spec, EventKind.DETACHED, EndReason.NO_CAPACITY, Facts(refusal=refusal.value))
            return refusal
        self._early.admit()
        reason = EndReason.GATEWAY_STOPPED
        try:
            reason = await self._show(spec, presented, addresses)
            return reason
        finally:
            self._around.release(spec)
            violation = self._violation or self._early.violation
            if reason is EndReason.CLIENT_MISBEHAVED and violation is not None:
                detail = {"rule": violation.rule, "opcode": violation.opcode}
                self._around.report(spec, EventKind.INPUT_REFUSED, None, Facts(None, **detail))
            self._around.report(spec, EventKind.DETACHED, reason, Facts(self.relay))

    async def _show(self, spec: ConnectionSpec, presented: PresentedTicket, addresses: list[str]) -> EndReason:
        """The picture, with its watermark when one is demanded: else there is none."""
        overlay: Overlay | None = None
        if spec.grants.watermark_text is not None:
            match await self._around.press.make(spec.grants.watermark_text, spec.grants.watermark):
                case NotDrawn():
                    return EndReason.WATERMARK_UNAVAILABLE
                case Tile() as tile:
                    overlay = Overlay(tile)
        opened = await self._open(spec, presented, addresses)
        if not isinstance(opened, Opened):
            return opened
        with self._around.hold_guacd(opened.address):
            return await self._relay(spec, opened, overlay)

    async def _open(self, spec: ConnectionSpec, presented: PresentedTicket, addresses: list[str]) -> Opened | EndReason:
        """Dial guacd, unless the browser leaves or the broker calls it off meanwhile."""
        around = self._around
        opening = asyncio.create_task(
            open_guacd(addresses, around.dialler, lambda: Handshake(spec, presented.display), around.door.guacd_s)
        )
        is_taken = False
        try:
            rivals: list[asyncio.Future[Any]] = [opening, self._interrupted]
            await asyncio.wait(rivals, return_when=asyncio.FIRST_COMPLETED)
            if self._interrupted.done():
                return self._interrupted.result()
            is_taken = True
        finally:
            if not is_taken:
                await _abandon(opening)
        match opening.result():
            case Failed(reason=reason, argument=argument):
                _log.warning("guacd.refused", reason=reason, argument=argument, group=spec.guacd_group)
                return reason
            case Opened() as opened:
                return opened

    async def _relay(self, spec: ConnectionSpec, opened: Opened, overlay: Overlay | None) -> EndReason:
        relay = Relay(spec, self._browser, opened, self._around.relay_limits, overlay)
        self.relay = relay
        self._around.report(spec, EventKind.ATTACHED, None, Facts(guacd=opened.address))
        relay.on_drawn = lambda: self._around.report(spec, EventKind.DRAWN, None, Facts(relay))
        relay.passages.on_text = lambda passage: self._around.report(
            spec, EventKind.CLIPBOARD, None, Facts(None, **describe(passage))
        )
        missed = EventKind.WATERMARK_NOT_ACKNOWLEDGED
        relay.on_watermark_missed = lambda: self._around.report(spec, missed, None, Facts(relay))
        try:
            self._browser.on_message = relay.take_message
            if self._early.size:
                relay.take_message(self._early.size)
            relay.start()
            reason = await relay.ended
        finally:
            relay.stop()
            self._violation = relay.violation
        return reason

    # --- the browser

    def _find_obstacle(self) -> Awaitable[object] | None:
        return self.relay.find_obstacle() if self.relay is not None else self._early.find_obstacle()

    def _note_pump_ended(self, pump: "asyncio.Task[None]") -> None:
        if not pump.cancelled() and (fault := pump.exception()) is not None:
            _log.warning("browser.read_failed", fault=type(fault).__name__)
        self._early.hang_up()


async def _abandon(opening: "asyncio.Task[Opened | Failed]") -> None:
    """Stop dialling. A guacd that answered in that very moment is let go of."""
    opening.cancel()
    await asyncio.wait([opening])
    if not opening.cancelled() and isinstance(opened := opening.result(), Opened):
        opened.connection.abort()
