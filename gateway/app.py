"""The gateway's process: the web server, the link to the broker, the ticking of limits."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
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
from gateway.attachment import Attachment, Ending, Facts
from gateway.broker_client import BrokerClient, Dialling, load_wire_key
from gateway.door import find_tunnel_cookie, is_origin_allowed
from gateway.doorway import HANDSHAKE_S, Doorway, Stranger
from gateway.guacd import GuacdDialler
from gateway.listener import BACKLOG, DoorKeeper, WaitingRoom
from gateway.settings import GatewaySettings, check_settings, wire_line
from gateway.spool import EventSpool
from gateway.spread import GuacdSpread
from gateway.status import DoorRefusal, close_for
from gateway.tally import Tally
from gateway.watermark.fonts import NoFont, choose_font
from gateway.watermark.press import TilePress
from gateway.websocket import BrowserSocket, accept_browser

TICK_S: Final = 1.0
STOP_TIMEOUT_S: Final = 5.0

_log: Final = structlog.get_logger(__name__)
_NO_STORE: Final = {"Cache-Control": "no-store"}


class Gateway:
    """All sessions of one process. The :class:`gateway.attachment.Surroundings` of every attachment."""

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
        self._sessions: dict[AttachmentId, Attachment] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._syncing: asyncio.Task[None] | None = None
        self._spread = GuacdSpread(settings.guacd_groups)
        self._tally = Tally()
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
            facts |= {"broker": self.broker.is_connected, "sessions": len(self._sessions)}
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

    def admit(self, attachment: Attachment, spec: ConnectionSpec) -> bool:
        if len(self._sessions) >= self.door.max_sessions or spec.attachment_id in self._sessions:
            return False
        self._sessions[spec.attachment_id] = attachment
        self._empty.clear()
        attachment.on_admitted()
        return True

    def release(self, spec: ConnectionSpec) -> None:
        self._sessions.pop(spec.attachment_id, None)
        if not self._sessions:
            self._empty.set()

    def hold_guacd(self, address: str) -> AbstractContextManager[None]:
        return self._spread.hold(address)

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
        )
        self._spool.append(event)
        if self.broker.is_connected:
            self.broker.tell(event)
        elif self._syncing is None or self._syncing.done():
            self._syncing = asyncio.create_task(self._spool.sync())
        _log.info("session." + kind.value, session=spec.session_id, attachment=spec.attachment_id, reason=ending)

    # --- what the broker says

    def list_live(self) -> list[AttachmentId]:
        return list(self._sessions)

    def terminate(self, attachment_id: AttachmentId, reason: EndReason) -> None:
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

    async def end_all(self) -> None:
        """Before the process stops."""
        self._tally.write()
        for attachment in list(self._sessions.values()):
            attachment.terminate(EndReason.GATEWAY_STOPPED)
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


def make_application(gateway: Gateway) -> web.Application:
    """Two routes and nothing else; every response closes its connection."""

    @web.middleware
    async def close_after(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        response = await handler(request)
        response.force_close()
        return response

    application = web.Application(middlewares=[close_after], client_max_size=1024)
    application.router.add_get("/tunnel", gateway.serve_tunnel, allow_head=False)
    application.router.add_get("/healthz", gateway.serve_health)
    return application


async def run_gateway(settings: GatewaySettings) -> None:
    """Serve until cancelled; then end all sessions and keep what the broker has not heard.

    Raises :class:`broker.errors.ConfigurationError` when settings, key, font or spool can't be used, and
    :class:`OSError` when the address is taken.
    """
    check_settings(settings)
    key = load_wire_key(Path(settings.wire_key_file))
    doorway = Doorway(settings.entrance, settings.tls)
    font = choose_font(settings.watermark_font)
    if isinstance(font, NoFont):
        _log.error("watermark.no_font", why=font.why, effect="sessions with a watermark are refused")
    spool = EventSpool(settings.spool_dir)
    press = TilePress(font)
    try:
        await _serve(settings, Gateway(settings, key, spool, press, doorway))
    finally:
        press.close()
        spool.close()


async def _serve(settings: GatewaySettings, gateway: Gateway) -> None:
    runner = web.AppRunner(
        make_application(gateway),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=STOP_TIMEOUT_S,
        lingering_time=0,
    )
    await runner.setup()
    gateway.keeper.serve_with(runner)
    loop = asyncio.get_running_loop()
    context = gateway.doorway.context
    listener = await loop.create_server(
        gateway.keeper,
        settings.listen_host,
        settings.listen_port,
        backlog=BACKLOG,
        ssl=context,
        ssl_handshake_timeout=HANDSHAKE_S if context is not None else None,
    )
    _log.info("gateway.listening", host=settings.listen_host, port=settings.listen_port)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gateway.broker.run())
            tasks.create_task(gateway.tick_forever())
    finally:
        listener.close()
        await gateway.end_all()
        await runner.cleanup()
