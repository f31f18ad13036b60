"""The listener that gateways and agents dial: proof of the key, hello, and then one flow per peer."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import structlog
from aiohttp import WSCloseCode, web

from broker.errors import StoreError, WireError
from broker.link.agents import AgentDirectory, AgentFlow
from broker.link.books import TunnelBooks
from broker.link.channel import BOOKS_AWAY, LINE_LOST, REPLACED, STOPPING, Channel, Farewell
from broker.link.claims import Claims
from broker.link.gateway_flow import GatewayFlow
from broker.link.gateways import GatewayDirectory
from broker.link.greeting import check_agent, check_gateway
from broker.link.keys import WireKeys, WirePeer, find_bearer
from broker.link.limits import LinkLimits
from broker.link.presence import Presence
from broker.link.tcp_door import TcpDoor, open_tcp_door
from broker.link.unix_socket import bind_unix_socket, remove_unix_socket
from broker.link.visits import VisitBooks
from broker.model.ids import ZoneId
from broker.model.service_name import ServiceKind
from broker.ports import Store
from broker.wire.codec import FrameDecoder, from_agent, from_gateway
from broker.wire.messages import (
    AGENT_PATH,
    GATEWAY_PATH,
    MAX_FRAME_BYTES,
    WIRE_VERSION,
    AgentHello,
    BrokerHeartbeat,
    GatewayHello,
    Welcome,
)

_T = TypeVar("_T")
_log: Final = structlog.get_logger(__name__)
_CLOSE_S: Final = 2.0


class _Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One peer on one connection, as the server needs to know it. ``enter`` answers whom it replaces; ``leave``
    is False for one that was replaced."""

    kind: str
    name: str
    zones: Collection[ZoneId]
    last_event: Callable[[], Awaitable[int]]
    enter: Callable[[], Channel | None]
    read: Callable[[], Coroutine[None, None, None]]
    leave: Callable[[], bool]
    note_told: Callable[[], None]


class WireServer:
    """Serves gateways and agents until it is stopped. A misbehaving peer loses its own connection only."""

    def __init__(
        self,
        *,
        books: TunnelBooks,
        store: Store,
        gateways: GatewayDirectory,
        agents: AgentDirectory,
        keys: WireKeys,
        limits: LinkLimits | None = None,
    ) -> None:
        self._books = books
        self._store = store
        self._gateways = gateways
        self._agents = agents
        self._keys = keys
        self._limits = limits or LinkLimits()
        self._presence = Presence(store)
        self._claims = Claims(self._presence, apart_s=self._limits.refusals_apart_s)
        self._channels: set[Channel] = set()

    @asynccontextmanager
    async def listening(self, socket_path: Path, door: TcpDoor | None = None) -> AsyncGenerator[None]:
        """Listen on a Unix socket, and on TCP if there is a door, while the block runs.

        Raises :class:`broker.errors.ConfigurationError`.
        """
        listener = bind_unix_socket(socket_path)
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=_CLOSE_S)
        await runner.setup()
        watch = asyncio.create_task(self._gateways.watch(self._books, self._store, self._limits.silence_s))
        try:
            await web.SockSite(runner, listener).start()
            async with open_tcp_door(runner, door):
                yield
        finally:
            watch.cancel()
            for channel in self._channels:
                channel.end(STOPPING)
            await asyncio.gather(watch, return_exceptions=True)
            await runner.cleanup()
            listener.close()
            remove_unix_socket(socket_path)

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_get(GATEWAY_PATH, self._meet_gateway)
        application.router.add_get(AGENT_PATH, self._meet_agent)
        return application

    async def _meet_gateway(self, request: web.Request) -> web.StreamResponse:
        async with self._channel(request, ServiceKind.GATEWAY, self._keys.gateways) as (socket, channel, peer):
            hello = await self._hear_hello(channel, from_gateway)
            if not isinstance(hello, GatewayHello):
                raise WireError("the first message must be a gateway's hello")
            check_gateway(hello)
            await self._claims.check("gateway", peer, hello.gateway_id, hello.zones)
            await self._serve(channel, self._visit_of_gateway(hello, channel, peer.entrance))
        return socket

    async def _meet_agent(self, request: web.Request) -> web.StreamResponse:
        async with self._channel(request, ServiceKind.AGENT, self._keys.agents) as (socket, channel, peer):
            hello = await self._hear_hello(channel, from_agent)
            if not isinstance(hello, AgentHello):
                raise WireError("the first message must be an agent's hello")
            check_agent(hello)
            await self._claims.check("agent", peer, hello.agent_id, hello.zones)
            await self._serve(channel, self._visit_of_agent(hello, channel))
        return socket

    @asynccontextmanager
    async def _channel(
        self, request: web.Request, kind: ServiceKind, peers: Sequence[WirePeer]
    ) -> AsyncGenerator[tuple[web.WebSocketResponse, Channel, WirePeer]]:
        """An accepted connection of the peer whose key it shows. One that breaks the contract is told so and closed."""
        peer = find_bearer(peers, request.headers.get("Authorization"))
        if peer is None:
            _log.warning("wire.key_refused", path=request.path)
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        try:
            await self._claims.check_channel(kind, peer, request)
        except WireError:
            raise web.HTTPForbidden from None
        socket = web.WebSocketResponse(
            compress=False, max_msg_size=MAX_FRAME_BYTES, heartbeat=self._limits.heartbeat_s * 2, timeout=_CLOSE_S
        )
        await socket.prepare(request)
        channel = Channel(socket, request.transport, self._limits)
        self._channels.add(channel)
        try:
            yield socket, channel, peer
        except WireError as error:
            _log.warning("wire.peer_refused", path=request.path, reason=str(error))
            await channel.close(Farewell(WSCloseCode.PROTOCOL_ERROR, str(error)))
        finally:
            self._channels.discard(channel)

    async def _hear_hello(self, channel: Channel, decoder: FrameDecoder[_T]) -> _T:
        try:
            async with asyncio.timeout(self._limits.hello_deadline_s):
                frame = await channel.receive()
        except TimeoutError:
            raise WireError("no hello in time") from None
        if frame is None:
            raise WireError("closed before its hello")
        return decoder.decode(frame)

    def _visit_of_gateway(self, hello: GatewayHello, channel: Channel, entrance: str) -> _Visit:
        flow = GatewayFlow(
            hello, channel, entrance=entrance, books=self._books, gateways=self._gateways, limits=self._limits
        )
        return _Visit(
            kind="gateway",
            name=hello.gateway_id,
            zones=hello.zones,
            last_event=lambda: self._books.last_event(hello.gateway_id, hello.epoch),
            enter=lambda: self._gateways.enter(hello.gateway_id, channel),
            read=flow.read,
            leave=lambda: self._gateways.leave(hello.gateway_id, channel),
            note_told=lambda: self._gateways.note_told(hello.gateway_id),
        )

    def _visit_of_agent(self, hello: AgentHello, channel: Channel) -> _Visit:
        flow = AgentFlow(hello, channel, self._limits, VisitBooks(self._store, self._limits.books_deadline_s))
        return _Visit(
            kind="agent",
            name=hello.agent_id,
            zones=hello.zones,
            last_event=_no_events,
            enter=lambda: self._agents.enter(flow),
            read=flow.read,
            leave=lambda: self._agents.leave(flow),
            note_told=_nothing,
        )

    async def _serve(self, channel: Channel, visit: _Visit) -> None:
        """From the hello to the end. The peer is known to others only once it is welcome and in the audit."""
        try:
            async with asyncio.timeout(self._limits.books_deadline_s):
                last_event = await visit.last_event()
                await self._tell(visit, "connected", {})
        except (StoreError, TimeoutError):
            await channel.close(BOOKS_AWAY)
            return
        replaced = visit.enter()
        if replaced is not None:
            replaced.end(REPLACED)
        channel.send(Welcome(version=WIRE_VERSION, last_event=last_event))
        _log.info("wire.peer_connected", kind=visit.kind, peer=visit.name, zones=sorted(visit.zones))
        farewell = LINE_LOST
        try:
            farewell = await channel.run(visit.read(), self._beat(channel))
        finally:
            is_lost = visit.leave()
            _log.info("wire.peer_left", kind=visit.kind, peer=visit.name, reason=farewell.reason)
        if is_lost and farewell != STOPPING:
            await self._tell_lost(visit, farewell)

    async def _tell(self, visit: _Visit, what: str, detail: dict[str, str]) -> None:
        await self._presence.tell(f"{visit.kind}.{what}", f"{visit.kind}:{visit.name}", visit.zones, detail)

    async def _tell_lost(self, visit: _Visit, farewell: Farewell) -> None:
        try:
            await self._tell(visit, "lost", {"reason": farewell.reason})
            visit.note_told()
        except StoreError as error:
            _log.warning("wire.loss_not_audited", kind=visit.kind, peer=visit.name, fault=str(error))

    async def _beat(self, channel: Channel) -> None:
        while True:
            channel.send(BrokerHeartbeat())
            await asyncio.sleep(self._limits.heartbeat_s)


async def _no_events() -> int:
    return 0


def _nothing() -> None:
    """Nobody asks again whether an agent's loss was told."""
