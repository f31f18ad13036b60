"""Books, a store and peers, as far as the wire needs them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import aiohttp

from broker.errors import StoreUnavailable, WireError
from broker.link.agents import AgentDirectory
from broker.link.gateways import GatewayDirectory
from broker.link.keys import WireKeys, WirePeer
from broker.link.limits import LinkLimits
from broker.link.server import WireServer
from broker.link.tcp_door import TcpDoor
from broker.model.grants import Grants
from broker.model.ids import AttachmentId, GatewayId, SessionId, TenantId, ZoneId
from broker.model.kinds import DesktopProtocol
from broker.model.reasons import EndReason, TicketRefusal
from broker.model.records import Attachment, Tenant, Zone
from broker.ports import AuditEntry, Store
from broker.secret import Secret
from broker.session.records import RedeemDenied, RedeemOk, RedeemOutcome
from broker.wire.codec import encode, to_agent, to_gateway
from broker.wire.line import WireLine
from broker.wire.messages import (
    AGENT_PATH,
    GATEWAY_PATH,
    WIRE_VERSION,
    AgentHello,
    BrokerHeartbeat,
    ConnectionSpec,
    EventKind,
    FromAgent,
    FromGateway,
    GatewayEvent,
    GatewayHello,
    Welcome,
)

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
GATEWAYS = ("gw1", "gw2", "good", "bad", "binary", "big", "unlucky", "deaf", "odd")
AGENTS = ("ag1", "ag2", "good", "bad")
LIMITS = LinkLimits(hello_deadline_s=0.4, heartbeat_s=0.1, silence_s=30.0, send_deadline_s=0.5)
LGWAN, RESIDENT = ZoneId("lgwan"), ZoneId("resident")


def key_of(kind: str, name: str) -> str:
    """The key that belongs to this peer of the tests alone."""
    return f"{kind}-{name}-".ljust(43, "k")


def peers_of(kind: str, names: tuple[str, ...]) -> tuple[WirePeer, ...]:
    zones = frozenset({LGWAN, RESIDENT})
    return tuple(WirePeer(name=name, zones=zones, key=Secret(key_of(kind, name))) for name in names)


GATEWAY_KEY, AGENT_KEY = key_of("gateway", "gw1"), key_of("agent", "ag1")


async def until(is_true: Callable[[], bool], deadline_s: float = 10.0) -> None:
    """Wait for a condition; the test fails when it does not come true."""
    async with asyncio.timeout(deadline_s):
        while not is_true():  # noqa: ASYNC110 -- what is waited for has no event of its own
            await asyncio.sleep(0.005)


def spec_of(ticket: str) -> ConnectionSpec:
    return ConnectionSpec(
        session_id=SessionId("s1"),
        attachment_id=AttachmentId(f"of-{ticket}"),
        tenant_id=TenantId("t1"),
        zone_id=LGWAN,
        guacd_group="lgwan",
        protocol=DesktopProtocol.VNC,
        parameters={},
        grants=Grants(),
        max_unsupervised_s=60,
    )


def attachment_of(gateway_id: str, name: str = "a1") -> Attachment:
    return Attachment(
        tenant_id=TenantId("t1"),
        id=AttachmentId(name),
        session_id=SessionId("s1"),
        gateway_id=GatewayId(gateway_id),
        address="192.0.2.7",
        redeemed_at=NOW,
    )


class RememberingBooks:
    """Keeps events as the real ones do: idempotent by number, in order. Tickets starting with ``ok`` are good."""

    def __init__(self) -> None:
        self.events: dict[tuple[GatewayId, str], list[GatewayEvent]] = {}
        self.lives: list[frozenset[AttachmentId]] = []
        self.must_end: list[tuple[AttachmentId, EndReason]] = []
        self.silent: list[GatewayId] = []
        self.untold: list[GatewayId] = []
        self.is_away = False
        self.slow_ticket = asyncio.Event()
        self.redeeming = 0
        self.most_redeeming = 0

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailable("the database is away")

    async def redeem(
        self,
        *,
        ticket: str,
        tunnel_cookie: str,
        gateway_id: GatewayId,
        zones: Collection[ZoneId],
        entrance: str,
        address: str,
    ) -> RedeemOutcome:
        self._check()
        self.redeeming += 1
        self.most_redeeming = max(self.redeeming, self.most_redeeming)
        try:
            if ticket.startswith("ok-slow"):
                await self.slow_ticket.wait()
            if ticket == "fault":
                raise ZeroDivisionError
        finally:
            self.redeeming -= 1
        return RedeemOk(spec_of(ticket)) if ticket.startswith("ok") else RedeemDenied(TicketRefusal.UNKNOWN)

    async def take_event(self, gateway_id: GatewayId, epoch: str, event: GatewayEvent) -> None:
        self._check()
        kept = self.events.setdefault((gateway_id, epoch), [])
        if event.number > len(kept) + 1:
            raise WireError("an event is missing")
        if event.number == len(kept) + 1:
            kept.append(event)

    async def last_event(self, gateway_id: GatewayId, epoch: str) -> int:
        self._check()
        return len(self.events.get((gateway_id, epoch), []))

    async def compare_live(
        self, gateway_id: GatewayId, live: Collection[AttachmentId]
    ) -> list[tuple[AttachmentId, EndReason]]:
        self._check()
        self.lives.append(frozenset(live))
        return self.must_end

    async def gateway_silent(self, gateway_id: GatewayId, *, is_told: bool) -> None:
        self._check()
        self.silent.append(gateway_id)
        self.untold += [] if is_told else [gateway_id]


class AuditOnlyStore:
    """Two tenants: one with both zones, one with ``resident`` alone. Keeps audit entries in a list."""

    def __init__(self) -> None:
        self.audited: list[AuditEntry] = []
        self.open_attachments: list[Attachment] = []
        self.is_away = False
        self.people = self.pools = self.sessions = self.audit = self

    @asynccontextmanager
    async def read(self) -> AsyncGenerator["AuditOnlyStore"]:
        if self.is_away:
            raise StoreUnavailable("the database is away")
        yield self

    write = read

    async def list_tenants(self) -> list[Tenant]:
        names = ("t1", "t2")
        return [Tenant(id=TenantId(name), name_ja="市", name_en="City", hostnames=frozenset()) for name in names]

    async def list_zones(self, tenant_id: TenantId) -> list[Zone]:
        zones = {"t1": [LGWAN, RESIDENT], "t2": [RESIDENT]}[tenant_id]
        return [Zone(tenant_id=tenant_id, id=zone, name_ja="域", name_en="Zone") for zone in zones]

    async def list_open_attachments(self) -> list[Attachment]:
        return self.open_attachments

    async def append(self, entry: AuditEntry) -> None:
        self.audited.append(entry)

    def told(self) -> list[tuple[str, str, str]]:
        return [(entry.tenant_id, entry.event, entry.actor) for entry in self.audited]


class Wire:
    """A broker's end with everything around it, listening."""

    def __init__(self, folder: Path, limits: LinkLimits = LIMITS) -> None:
        self.socket_path = folder / "run" / "wire.sock"
        self.books = RememberingBooks()
        self.store = AuditOnlyStore()
        self.gateways = GatewayDirectory()
        self.agents = AgentDirectory()
        self.server = WireServer(
            books=self.books,
            store=cast(Store, self.store),
            gateways=self.gateways,
            agents=self.agents,
            keys=WireKeys(gateways=peers_of("gateway", GATEWAYS), agents=peers_of("agent", AGENTS)),
            limits=limits,
        )

    @asynccontextmanager
    async def listening(self, door: TcpDoor | None = None) -> AsyncGenerator["Wire"]:
        async with self.server.listening(self.socket_path, door):
            yield self

    @asynccontextmanager
    async def dial_on(self, line: WireLine, path: str, key: str) -> AsyncGenerator["Peer"]:
        """As a peer of another host does."""
        async with (
            aiohttp.ClientSession(connector=line.connect()) as session,
            session.ws_connect(line.url + path, headers={"Authorization": f"Bearer {key}"}, compress=0) as socket,
        ):
            yield Peer(socket, to_gateway.decode if path == GATEWAY_PATH else to_agent.decode)

    @asynccontextmanager
    async def dial(self, path: str, key: str) -> AsyncGenerator["Peer"]:
        connector = aiohttp.UnixConnector(str(self.socket_path))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.ws_connect(
                f"http://broker{path}", headers={"Authorization": f"Bearer {key}"}, compress=0, autoclose=True
            ) as socket,
        ):
            yield Peer(socket, to_gateway.decode if path == GATEWAY_PATH else to_agent.decode)

    @asynccontextmanager
    async def gateway(
        self, name: str = "gw1", zones: tuple[ZoneId, ...] = (LGWAN,), epoch: str = "e1"
    ) -> AsyncGenerator["Peer"]:
        """A gateway that is welcome."""
        async with self.dial(GATEWAY_PATH, key_of("gateway", name)) as peer:
            await peer.say(gateway_hello(name, zones, epoch))
            peer.welcome = await peer.hear(Welcome)
            yield peer

    @asynccontextmanager
    async def agent(
        self, name: str = "ag1", zones: tuple[ZoneId, ...] = (LGWAN,), capacity: int = 2
    ) -> AsyncGenerator["Peer"]:
        """An agent that is welcome."""
        async with self.dial(AGENT_PATH, key_of("agent", name)) as peer:
            await peer.say(agent_hello(name, zones, capacity))
            peer.welcome = await peer.hear(Welcome)
            yield peer


class Peer:
    """A peer that says what the test makes it say."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, decode: Callable[[str], Any]) -> None:
        self.socket = socket
        self.welcome: Welcome | None = None
        self._decode = decode

    async def say(self, *messages: FromGateway | FromAgent) -> None:
        for message in messages:
            await self.socket.send_str(encode(message))

    async def hear_any(self) -> Any:
        """The next message; None when the broker has closed."""
        frame = await self.socket.receive(10)
        return self._decode(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else None

    async def hear(self, kind: type[Any]) -> Any:
        """The next message that is no heartbeat of the broker; it must be of this kind."""
        while isinstance(message := await self.hear_any(), BrokerHeartbeat) and kind is not BrokerHeartbeat:
            pass
        assert isinstance(message, kind), (message, self.socket.close_code)
        return message

    async def hear_end(self) -> int | None:
        """The close code of the broker."""
        while await self.hear_any() is not None:
            pass
        return self.socket.close_code

    async def answer_each(self, reply: Callable[[Any], Awaitable[FromAgent | None]]) -> None:
        """Answer orders until the connection ends."""
        while (message := await self.hear_any()) is not None:
            if not isinstance(message, BrokerHeartbeat) and (answer := await reply(message)) is not None:
                await self.say(answer)


def gateway_hello(
    name: str = "gw1", zones: tuple[ZoneId, ...] = (LGWAN,), epoch: str = "e1", version: int = WIRE_VERSION
) -> GatewayHello:
    return GatewayHello(version=version, gateway_id=GatewayId(name), zones=list(zones), epoch=epoch, live=[])


def agent_hello(name: str = "ag1", zones: tuple[ZoneId, ...] = (LGWAN,), capacity: int = 2) -> AgentHello:
    return AgentHello(version=WIRE_VERSION, agent_id=cast(Any, name), zones=list(zones), capacity=capacity)


def event(number: int) -> GatewayEvent:
    return GatewayEvent(
        number=number,
        kind=EventKind.ATTACHED,
        session_id=SessionId("s1"),
        attachment_id=AttachmentId("a1"),
        at=NOW,
    )
