"""A broker's end of the wire, named for how it behaves."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from broker.model.grants import Grants
from broker.model.ids import AttachmentId, SessionId, TenantId, ZoneId
from broker.model.kinds import DesktopProtocol
from broker.model.reasons import EndReason
from broker.wire import codec
from broker.wire.messages import (
    GATEWAY_PATH,
    WIRE_VERSION,
    BrokerHeartbeat,
    ConnectionSpec,
    EventAck,
    EventKind,
    FromGateway,
    GatewayEvent,
    GatewayHeartbeat,
    GatewayHello,
    Redeem,
    Redeemed,
    RedeemRefused,
    Terminate,
    ToGateway,
    Welcome,
)

WIRE_KEY = "wire-key-of-a-test"
TUNNEL_COOKIE = "tunnel-cookie-of-a-test"
DESKTOP_PASSWORD = "desktop-password-of-a-test"


def make_spec(**changes: Any) -> ConnectionSpec:
    """A connection to a VNC desktop in zone ``lgwan`` with no grants at all, given up as soon as its line is lost."""
    spec = ConnectionSpec(
        session_id=SessionId("session-1"),
        attachment_id=AttachmentId("attachment-1"),
        tenant_id=TenantId("tenant-1"),
        zone_id=ZoneId("lgwan"),
        guacd_group="lgwan",
        protocol=DesktopProtocol.VNC,
        parameters={"hostname": "/desktops/1.sock", "port": "0", "password": DESKTOP_PASSWORD},
        grants=Grants(park_limit_s=0),
        max_unsupervised_s=3600,
    )
    return msgspec.structs.replace(spec, **changes)


class ObligingBroker:
    """Redeems the tickets it was given, writes events into its books once, answers heartbeats."""

    acknowledges = True

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path
        self.tickets: dict[str, ConnectionSpec] = {}
        self.books: dict[int, GatewayEvent] = {}
        self.received: list[FromGateway] = []
        self.redeemed: list[Redeem] = []
        self.hellos: list[GatewayHello] = []
        self.refused_keys: list[str] = []
        self._runner: web.AppRunner | None = None
        self._socket: web.WebSocketResponse | None = None

    # --- life

    async def start(self) -> None:
        application = web.Application()
        application.router.add_get(GATEWAY_PATH, self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        with contextlib.suppress(FileNotFoundError):
            self.socket_path.unlink()
        await web.UnixSite(self._runner, str(self.socket_path)).start()

    async def die(self) -> None:
        """As by ``kill -9``: the socket is cut, nothing is said. The books stay."""
        if self._socket is not None and self._socket._req is not None and self._socket._req.transport is not None:
            self._socket._req.transport.abort()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = self._socket = None

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    async def send(self, message: ToGateway) -> None:
        assert self._socket is not None
        await self._socket.send_str(codec.encode(message))

    async def terminate(self, attachment_id: AttachmentId, reason: EndReason) -> None:
        await self.send(Terminate(attachment_id=attachment_id, reason=reason))

    def kinds(self) -> list[EventKind]:
        return [self.books[number].kind for number in sorted(self.books)]

    def find(self, kind: EventKind) -> GatewayEvent | None:
        return next((event for event in self.books.values() if event.kind is kind), None)

    # --- the wire

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {WIRE_KEY}":
            self.refused_keys.append(request.headers.get("Authorization", ""))
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            await self._take(socket, codec.from_gateway.decode(frame.data))
        if self._socket is socket:
            self._socket = None
        return socket

    async def _take(self, socket: web.WebSocketResponse, message: FromGateway) -> None:
        self.received.append(message)
        match message:
            case GatewayHello():
                self.hellos.append(message)
                await socket.send_str(
                    codec.encode(Welcome(version=WIRE_VERSION, last_event=max(self.books, default=0)))
                )
                self._socket = socket
            case Redeem():
                self.redeemed.append(message)
                answer = self.judge(message)
                if answer is not None:
                    await socket.send_str(codec.encode(answer))
            case GatewayEvent(number=number):
                assert number not in self.books, "an event was told twice within one connection"
                self.books[number] = message
                if self.acknowledges:
                    await socket.send_str(codec.encode(EventAck(number=number)))
            case GatewayHeartbeat():
                await socket.send_str(codec.encode(BrokerHeartbeat()))

    def judge(self, message: Redeem) -> Redeemed | RedeemRefused | None:
        spec = self.tickets.pop(message.ticket, None)
        if spec is None or message.tunnel_cookie != TUNNEL_COOKIE:
            return RedeemRefused(request=message.request, code="unknown")
        return Redeemed(request=message.request, spec=spec)


class MuteBroker(ObligingBroker):
    """Welcomes the gateway and answers no ticket."""

    def judge(self, message: Redeem) -> None:
        return None


class BookLessBroker(ObligingBroker):
    """Is there, but its database is not."""

    def judge(self, message: Redeem) -> RedeemRefused:
        return RedeemRefused(request=message.request, code="unavailable")


class ForgetfulBroker(ObligingBroker):
    """Takes events and dies before it acknowledges them."""

    acknowledges = False


class SlowBroker(ObligingBroker):
    """Answers tickets only when told to."""

    def __init__(self, socket_path: Path) -> None:
        super().__init__(socket_path)
        self.may_answer = asyncio.Event()

    async def _take(self, socket: web.WebSocketResponse, message: FromGateway) -> None:
        if isinstance(message, Redeem):
            await self.may_answer.wait()
        await super()._take(socket, message)
