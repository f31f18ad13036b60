"""One WebSocket from its first message to its close: ticket → broker → guacd → relay → end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any, Final

import structlog

from broker.model.ids import SessionId
from broker.model.reasons import EndReason
from broker.secret import Secret
from broker.wire.messages import ConnectionSpec, EventKind, GuacdSeat, Redeemed, RedeemRefused
from gateway.door import PresentedTicket
from gateway.early import EarlyReader
from gateway.errors import ProtocolViolation
from gateway.guacd import Opened, open_guacd
from gateway.handshake import Failed, Handshake
from gateway.keeping import LINE_LOST, Kept
from gateway.passages import describe
from gateway.relay import Relay
from gateway.restrictions import name_restrictions
from gateway.status import DoorRefusal
from gateway.surroundings import Facts, Surroundings
from gateway.watermark.overlay import Overlay
from gateway.watermark.tile import NotDrawn, Tile
from gateway.websocket import BrowserSocket

_log: Final = structlog.get_logger(__name__)

Ending = EndReason | DoorRefusal


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
        self.over = asyncio.Event()
        """Set when nothing of it is left but a WebSocket to be closed."""
        self._session_id: SessionId | None = None
        self._kept: Kept | None = None
        self._predecessor: Kept | None = None
        """What was held of the session before, until this one has a picture."""
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

    def is_of(self, session_id: SessionId) -> bool:
        return self._session_id == session_id

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
            self._around.report(
                spec, EventKind.DETACHED, EndReason.NO_CAPACITY, Facts(detail={"refusal": refusal.value})
            )
            return refusal
        self.on_admitted()
        self._early.admit()
        self._session_id = spec.session_id
        reason = EndReason.GATEWAY_STOPPED
        try:
            reason = await self._show(spec, presented, addresses)
            return reason
        finally:
            self._around.release(spec)
            self._tell_end(spec, reason)
            self.over.set()

    def _tell_end(self, spec: ConnectionSpec, reason: EndReason) -> None:
        violation = self._violation or self._early.violation
        if reason is EndReason.CLIENT_MISBEHAVED and violation is not None:
            detail = {"rule": violation.rule, "opcode": violation.opcode}
            self._around.report(spec, EventKind.INPUT_REFUSED, None, Facts(detail=detail))
        kept = self._kept or self._keep_on(spec, reason)
        self._leave_predecessor()
        if kept is not None:
            self._around.keep(kept, reason)
        else:
            self._around.report(spec, EventKind.DETACHED, reason, Facts(self.relay))

    def _keep_on(self, spec: ConnectionSpec, reason: EndReason) -> Kept | None:
        """The line was lost again before there was a picture: what was kept before is kept on."""
        kept = self._predecessor
        if kept is None or kept.is_lost or not may_keep(spec, reason):
            return None
        self._predecessor = None
        kept.adopt(spec)
        return kept

    def _leave_predecessor(self) -> None:
        """Somebody else is guacd's user now, or nobody may be."""
        if self._predecessor is not None:
            self._predecessor.leave()
            self._predecessor = None

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
        with ExitStack() as hold:
            hold.enter_context(self._around.hold_guacd(opened.address))
            return await self._relay(spec, opened, overlay, hold)

    async def _open(self, spec: ConnectionSpec, presented: PresentedTicket, addresses: list[str]) -> Opened | EndReason:
        """Join the desktop's connection where it is still held, or begin a new one."""
        seat = await self._find_seat(spec, addresses)
        if seat is not None:
            joins = seat.connection_id
            joined = await self._dial([seat.address], lambda: Handshake(spec, presented.display, joins))
            if not isinstance(joined, Failed):
                return joined
            _log.warning("guacd.not_joined", reason=joined.reason, address=seat.address)
        self._leave_predecessor()
        match await self._dial(addresses, lambda: Handshake(spec, presented.display)):
            case Failed(reason=reason, argument=argument):
                _log.warning("guacd.refused", reason=reason, argument=argument, group=spec.guacd_group)
                return reason
            case outcome:
                return outcome

    async def _find_seat(self, spec: ConnectionSpec, addresses: list[str]) -> GuacdSeat | None:
        """Where the session's connection is: kept here, or told by the broker. Other grants are a new connection."""
        self._predecessor = await self._around.claim(spec)
        seat = spec.seat if self._predecessor is None else self._predecessor.seat
        if seat is None or seat.address not in addresses:
            return None
        return seat if seat.restrictions == name_restrictions(spec.protocol, spec.grants) else None

    async def _dial(self, addresses: list[str], new_handshake: Callable[[], Handshake]) -> Opened | Failed | EndReason:
        """Dial guacd, unless the browser leaves or the broker calls it off meanwhile."""
        around = self._around
        opening = asyncio.create_task(open_guacd(addresses, around.dialler, new_handshake, around.door.guacd_s))
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
        return opening.result()

    async def _relay(self, spec: ConnectionSpec, opened: Opened, overlay: Overlay | None, hold: ExitStack) -> EndReason:
        relay = Relay(spec, self._browser, opened, self._around.relay_limits, overlay)
        self.relay = relay
        seat = GuacdSeat(
            address=opened.address,
            connection_id=opened.connection_id,
            restrictions=name_restrictions(spec.protocol, spec.grants),
        )
        self._around.report(spec, EventKind.ATTACHED, None, Facts(detail={"guacd": opened.address}, seat=seat))
        self._listen(spec, relay)
        reason: EndReason | None = None
        try:
            self._browser.on_message = relay.take_message
            if self._early.size:
                relay.take_message(self._early.size)
            relay.start()
            reason = await relay.ended
            return reason
        finally:
            self._violation = relay.violation
            if reason is not None and relay.is_drawn and not relay.is_leaving and may_keep(spec, reason):
                self._kept = Kept(spec, relay, opened, seat, hold.pop_all())
            else:
                relay.stop()

    def _listen(self, spec: ConnectionSpec, relay: Relay) -> None:
        """What the relay notices is told to the broker."""

        def note_drawn() -> None:
            self._leave_predecessor()
            self._around.report(spec, EventKind.DRAWN, None, Facts(relay))

        relay.on_drawn = note_drawn
        relay.passages.on_text = lambda passage: self._around.report(
            spec, EventKind.CLIPBOARD, None, Facts(detail=describe(passage))
        )
        missed = EventKind.WATERMARK_NOT_ACKNOWLEDGED
        relay.on_watermark_missed = lambda: self._around.report(spec, missed, None, Facts(relay))

    # --- the browser

    def _find_obstacle(self) -> Awaitable[object] | None:
        return self.relay.find_obstacle() if self.relay is not None else self._early.find_obstacle()

    def _note_pump_ended(self, pump: "asyncio.Task[None]") -> None:
        if not pump.cancelled() and (fault := pump.exception()) is not None:
            _log.warning("browser.read_failed", fault=type(fault).__name__)
        self._early.hang_up()


def may_keep(spec: ConnectionSpec, reason: EndReason) -> bool:
    """Whether the desktop's connection outlives its browser: when its line is lost, and when another takes over."""
    return spec.grants.park_limit_s > 0 and (reason in LINE_LOST or reason is EndReason.TAKEN_OVER)


async def _abandon(opening: "asyncio.Task[Opened | Failed]") -> None:
    """Stop dialling. A guacd that answered in that very moment is let go of."""
    opening.cancel()
    await asyncio.wait([opening])
    if not opening.cancelled() and isinstance(opened := opening.result(), Opened):
        opened.connection.abort()
