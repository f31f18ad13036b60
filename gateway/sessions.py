"""All sessions of one process: who comes in, what is kept, what the broker is told and says."""

import asyncio
import contextlib
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog
from aiohttp import web

from broker.model.ids import AttachmentId, GatewayId, ZoneId
from broker.model.reasons import EndReason
from broker.secret import Secret
from broker.wire.messages import ConnectionSpec, EventKind, GatewayEvent, Redeemed, RedeemRefused
from gateway.addresses import is_loopback
from gateway.allowance import Allowance
from gateway.attachment import Attachment, Ending
from gateway.broker_client import BrokerClient, Dialling
from gateway.door import find_tunnel_cookie, is_origin_allowed
from gateway.doorway import Doorway, Stranger
from gateway.guacd import GuacdDialler
from gateway.keeping import Keeper, Kept
from gateway.listener import DoorKeeper, WaitingRoom
from gateway.settings import GatewaySettings, wire_line
from gateway.spool import EventSpool
from gateway.spread import GuacdSpread
from gateway.status import DoorRefusal, close_for
from gateway.surroundings import Facts, Occupant
from gateway.tally import Tally
from gateway.watermark.press import TilePress
from gateway.websocket import BrowserSocket, accept_browser

TICK_S: Final = 1.0
STOP_TIMEOUT_S: Final = 5.0
CLAIM_S: Final = 1.0

_log: Final = structlog.get_logger(__name__)
_NO_STORE: Final = {"Cache-Control": "no-store"}


class Gateway:
    """All sessions of one process. The :class:`gateway.surroundings.Surroundings` of every attachment."""

    def __init__(
        self, settings: GatewaySettings, key: Secret, spool: EventSpool, press: TilePress, doorway: Doorway
    ) -> None:
        now_s = asyncio.get_running_loop().time()
        self.door = settings.door
        self.relay_limits = settings.relay
        self.press = press
        self.dialler = GuacdDialler(settings.guacd_ca)
        self.doorway = doorway
        self._settings = settings
        self._origins = frozenset(settings.allowed_origins)
        self._spool = spool
        self._sessions: dict[AttachmentId, Occupant] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._syncing: asyncio.Task[None] | None = None
        self._spread = GuacdSpread(settings.guacd_groups)
        self._tally = Tally()
        self._keeper = Keeper(settings.relay, self._report_kept)
        self._redeems = Allowance(each=settings.door.redeems_per_address, total=settings.door.redeems, now_s=now_s)
        self.keeper = DoorKeeper(settings.door, doorway.is_proxy)
        self._room = WaitingRoom(
            max_waiting=settings.door.max_waiting, max_per_address=settings.door.max_waiting_per_address
        )
        dialling = Dialling(
            gateway_id=GatewayId(settings.gateway_id),
            zones=[ZoneId(zone) for zone in settings.zones],
            line=wire_line(settings),
            key=key,
        )
        self.broker = BrokerClient(dialling, spool, self)

    # --- requests

    async def serve_tunnel(self, request: web.Request) -> web.StreamResponse:
        """``GET /tunnel``: one WebSocket. What the query holds is neither read nor logged."""
        address = self._admit_client(request)
        if not is_origin_allowed(request.headers.getall("Origin", []), self._origins):
            self._tally.note("tunnel.refused", "origin", address)
            raise web.HTTPForbidden(headers=_NO_STORE)
        if not self._room.enter(address):
            self._tally.note("tunnel.refused", "too_many_waiting", address)
            raise web.HTTPServiceUnavailable(headers=_NO_STORE | {"Retry-After": "5"})
        cookie = find_tunnel_cookie(request.headers.getall("Cookie", []))
        visit = _Visit(self._room, address)
        try:
            browser = await accept_browser(request)
            self.keeper.let_in(request)
            await self._attend(browser, cookie, visit)
        finally:
            visit.leave_room()
        return browser.response

    def _admit_client(self, request: web.Request) -> str:
        """The client's address. Raises :class:`aiohttp.web.HTTPException` when nobody vouches for it, or too often."""
        address = self.doorway.find_address(request)
        if isinstance(address, Stranger):
            self._tally.note("tunnel.refused", address.word, request.remote or "")
            raise web.HTTPForbidden(headers=_NO_STORE)
        if self.doorway.is_proxy(request.transport) and not self.keeper.may_come(address):
            self._tally.note("tunnel.refused", "too_often", address)
            raise web.HTTPServiceUnavailable(headers=_NO_STORE | {"Retry-After": "5"})
        return address

    async def _attend(self, browser: BrowserSocket, cookie: Secret | None, visit: "_Visit") -> None:
        browser.greet()
        ending: Ending = DoorRefusal.TUNNEL_COOKIE_MISSING
        if cookie is not None:
            attachment = Attachment(browser, cookie, visit.address, self)
            attachment.on_admitted = visit.leave_room
            ending = await attachment.run()
        if isinstance(ending, DoorRefusal):
            self._tally.note("tunnel.refused", ending.value, visit.address)
        else:
            _log.info("tunnel.closed", ending=ending.value, address=visit.address)
        await browser.close(close_for(ending))

    async def serve_health(self, request: web.Request) -> web.Response:
        """``GET /healthz``: 200 also without a broker, since sessions go on. Numbers for this host only."""
        facts: dict[str, bool | int] = {"ok": True}
        if is_loopback(request.remote):
            facts |= {"broker": self.broker.is_connected, "sessions": len(self._sessions), "kept": len(self._keeper)}
        return web.Response(body=msgspec.json.encode(facts), content_type="application/json", headers=_NO_STORE)

    # --- what attachments need

    async def redeem(self, ticket: Secret, cookie: Secret, address: str) -> Redeemed | RedeemRefused | DoorRefusal:
        if not self._redeems.take(address, asyncio.get_running_loop().time()):
            return DoorRefusal.BUSY
        answer = await self.broker.redeem(ticket, cookie, address)
        if answer is None:
            return DoorRefusal.BROKER_AWAY
        match answer:
            case Redeemed():
                self._redeems.give_back(address)
            case RedeemRefused(code=code):
                self._tally.note("ticket.refused", code, address)
        return answer

    def find_guacds(self, spec: ConnectionSpec) -> list[str]:
        if spec.zone_id not in self._settings.zones:
            return []
        return self._spread.order(spec.guacd_group)

    def admit(self, attachment: Occupant, spec: ConnectionSpec) -> bool:
        held = len(self._sessions) + len(self._keeper)
        if held >= self.door.max_sessions or spec.attachment_id in self._sessions:
            return False
        self._sessions[spec.attachment_id] = attachment
        self._empty.clear()
        return True

    def release(self, spec: ConnectionSpec) -> None:
        self._sessions.pop(spec.attachment_id, None)
        if not self._sessions:
            self._empty.set()

    def hold_guacd(self, address: str) -> AbstractContextManager[None]:
        return self._spread.hold(address)

    async def claim(self, spec: ConnectionSpec) -> Kept | None:
        """What is held here of this session; a browser that still sits there is fenced off first."""
        for attachment in list(self._sessions.values()):
            if attachment.is_of(spec.session_id) and self._sessions.get(spec.attachment_id) is not attachment:
                attachment.terminate(EndReason.TAKEN_OVER)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CLAIM_S):
                        await attachment.over.wait()
        return self._keeper.claim(spec.session_id)

    def keep(self, kept: Kept, reason: EndReason) -> None:
        if reason is EndReason.TAKEN_OVER:
            self._report_kept(kept, reason)
            self._keeper.hand_over(kept)
            return
        self.report(kept.spec, EventKind.PARKED, reason, Facts(kept.relay))
        self._keeper.park(kept, reason)

    def _report_kept(self, kept: Kept, reason: EndReason) -> None:
        self.report(kept.spec, EventKind.DETACHED, reason, Facts(kept.relay))

    def report(self, spec: ConnectionSpec, kind: EventKind, ending: EndReason | None, facts: Facts) -> None:
        event = GatewayEvent(
            number=self._spool.next_number,
            kind=kind,
            session_id=spec.session_id,
            attachment_id=spec.attachment_id,
            at=datetime.now(UTC),
            reason=ending,
            bytes_to_browser=facts.bytes_to_browser,
            bytes_from_browser=facts.bytes_from_browser,
            detail=facts.detail,
            seat=facts.seat,
        )
        self._spool.append(event)
        if self.broker.is_connected:
            self.broker.tell(event)
        elif self._syncing is None or self._syncing.done():
            self._syncing = asyncio.create_task(self._spool.sync())
        _log.info("session." + kind.value, session=spec.session_id, attachment=spec.attachment_id, reason=ending)

    # --- what the broker says

    def list_live(self) -> list[AttachmentId]:
        return [*self._sessions, *self._keeper.list_parked()]

    def terminate(self, attachment_id: AttachmentId, reason: EndReason) -> None:
        self._keeper.terminate(attachment_id, reason)
        attachment = self._sessions.get(attachment_id)
        if attachment is not None:
            attachment.terminate(reason)

    def disown(self, spec: ConnectionSpec) -> None:
        self.report(spec, EventKind.DETACHED, EndReason.CLIENT_CLOSED, Facts())

    # --- time

    async def tick_forever(self) -> None:
        """Limits of all sessions, and a line about strangers, once a second."""
        while True:
            await asyncio.sleep(TICK_S)
            self._tally.write()
            now = datetime.now(UTC)
            for relay in [attachment.relay for attachment in self._sessions.values()]:
                if relay is not None:
                    relay.tick(now, self.broker.last_heard_s)
            self._keeper.tick(now, self.broker.last_heard_s)

    async def end_all(self) -> None:
        """Before the process stops."""
        self._tally.write()
        for attachment in list(self._sessions.values()):
            attachment.terminate(EndReason.GATEWAY_STOPPED)
        self._keeper.end_all(EndReason.GATEWAY_STOPPED)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._empty.wait()


class _Visit:
    """A place in the waiting room, given back once."""

    def __init__(self, room: WaitingRoom, address: str) -> None:
        self.address = address
        self._room: WaitingRoom | None = room

    def leave_room(self) -> None:
        if self._room is not None:
            self._room.leave(self.address)
            self._room = None
