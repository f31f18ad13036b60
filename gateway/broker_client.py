"""The gateway's end of the wire: dials the broker, redeems tickets, tells events, hears what must end.

Sessions do not depend on it: while the broker is away, events wait in the spool.
"""

import asyncio
import random
from pathlib import Path
from typing import Final, Protocol

import aiohttp
import msgspec
import structlog

from broker.errors import ConfigurationError, WireError
from broker.model.ids import AttachmentId, GatewayId, ZoneId
from broker.model.reasons import EndReason
from broker.secret import Secret
from broker.wire import codec
from broker.wire.line import WireLine
from broker.wire.messages import (
    GATEWAY_PATH,
    HEARTBEAT_S,
    MAX_FRAME_BYTES,
    WIRE_VERSION,
    BrokerHeartbeat,
    ConnectionSpec,
    EventAck,
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
from gateway.spool import EventSpool

FIRST_RETRY_S: Final = 0.2
LAST_RETRY_S: Final = 5.0
REDEEM_TIMEOUT_S: Final = 10.0
_SILENCE_S: Final = 3 * HEARTBEAT_S
_CONNECT_TIMEOUT_S: Final = 10.0

_log: Final = structlog.get_logger(__name__)


class Dialling(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are, and on which line and with which key the broker is reached."""

    gateway_id: GatewayId
    zones: list[ZoneId]
    line: WireLine
    key: Secret

    def __repr__(self) -> str:
        return f"Dialling({self.gateway_id!r})"


class Subordinate(Protocol):
    """What the broker may ask of this gateway."""

    def list_live(self) -> list[AttachmentId]:
        """Attachments that are held right now."""
        ...

    def terminate(self, attachment_id: AttachmentId, reason: EndReason) -> None:
        """End one; unknown ones are none."""
        ...

    def disown(self, spec: ConnectionSpec) -> None:
        """The broker attached somebody who no longer waits."""
        ...


class BrokerClient:
    """One connection to the broker at a time, dialled again for ever. Run :meth:`run` as a task."""

    def __init__(self, dialling: Dialling, spool: EventSpool, gateway: Subordinate) -> None:
        self.last_heard_s = asyncio.get_running_loop().time()
        """Time of the loop's clock at which the broker last spoke (at first: the start)."""
        self._dialling = dialling
        self._spool = spool
        self._gateway = gateway
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._outbox: asyncio.Queue[FromGateway] = asyncio.Queue()
        self._requests: dict[int, asyncio.Future[Redeemed | RedeemRefused]] = {}
        self._next_request = 1

    @property
    def is_connected(self) -> bool:
        """A broker has welcomed us and is there."""
        return self._socket is not None

    async def redeem(self, ticket: Secret, tunnel_cookie: Secret, address: str) -> Redeemed | RedeemRefused | None:
        """Turn a ticket into a connection; ``None`` when no broker answers in time."""
        if self._socket is None:
            return None
        request, self._next_request = self._next_request, self._next_request + 1
        answer: asyncio.Future[Redeemed | RedeemRefused] = asyncio.get_running_loop().create_future()
        self._requests[request] = answer
        self._outbox.put_nowait(
            Redeem(request=request, ticket=ticket.reveal(), tunnel_cookie=tunnel_cookie.reveal(), address=address)
        )
        try:
            async with asyncio.timeout(REDEEM_TIMEOUT_S):
                return await answer
        except (TimeoutError, ConnectionError):
            return None
        finally:
            del self._requests[request]

    def tell(self, event: GatewayEvent) -> None:
        """Send an event that the spool already keeps, if a broker is there."""
        if self._socket is not None:
            self._outbox.put_nowait(event)

    # --- the connection

    async def run(self) -> None:
        """Until cancelled. Waits between attempts grow to 5 s, with jitter, so that gateways don't come as one."""
        delay_s = FIRST_RETRY_S
        while True:
            was_welcome = False
            try:
                was_welcome = await self._talk()
            except (aiohttp.ClientError, OSError, TimeoutError, WireError) as fault:
                _log.warning("broker.unreachable", fault=type(fault).__name__)
            except Exception as fault:  # noqa: BLE001 - the outermost edge: sessions live on without the broker
                _log.error("broker.link_failed", fault=repr(fault))
            delay_s = FIRST_RETRY_S if was_welcome else min(delay_s * 2, LAST_RETRY_S)
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret

    async def _talk(self) -> bool:
        """One connection from dial to end. True if the broker welcomed us."""
        url = self._dialling.line.url + GATEWAY_PATH
        connector = self._dialling.line.connect()
        headers = {"Authorization": f"Bearer {self._dialling.key.reveal()}"}
        async with (
            aiohttp.ClientSession(connector=connector, headers=headers) as session,
            asyncio.timeout(_CONNECT_TIMEOUT_S) as patience,
            session.ws_connect(url, max_msg_size=MAX_FRAME_BYTES, compress=0, autoping=True) as socket,
        ):
            await socket.send_str(codec.encode(self._introduce()))
            welcome = await _receive(socket, _CONNECT_TIMEOUT_S)
            if not isinstance(welcome, Welcome) or welcome.version != WIRE_VERSION:
                raise WireError("the broker did not welcome this version")
            patience.reschedule(None)
            try:
                self._begin(socket, welcome)
                await self._converse(socket)
            finally:
                self._hang_up()
        return True

    def _introduce(self) -> GatewayHello:
        return GatewayHello(
            version=WIRE_VERSION,
            gateway_id=self._dialling.gateway_id,
            zones=self._dialling.zones,
            epoch=self._spool.epoch,
            live=self._gateway.list_live(),
        )

    def _begin(self, socket: aiohttp.ClientWebSocketResponse, welcome: Welcome) -> None:
        """Replay what the books do not hold; new events queue up behind."""
        self._note_heard()
        self._spool.acknowledge(welcome.last_event)
        self._outbox = asyncio.Queue()
        for event in self._spool.waiting():
            self._outbox.put_nowait(event)
        self._socket = socket
        _log.info("broker.connected", replayed=self._outbox.qsize())

    def _hang_up(self) -> None:
        self._socket = None
        for answer in self._requests.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the broker is gone"))
        _log.warning("broker.disconnected")

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Both directions until one of them ends."""
        writer = asyncio.create_task(_write(socket, self._outbox))
        heart = asyncio.create_task(self._beat(self._outbox))
        try:
            while not writer.done():
                message = await _receive(socket, _SILENCE_S)
                if message is None:
                    return
                self._note_heard()
                self._take(message)
        finally:
            for task in (writer, heart):
                task.cancel()
            await asyncio.gather(writer, heart, return_exceptions=True)

    async def _beat(self, outbox: "asyncio.Queue[FromGateway]") -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            outbox.put_nowait(GatewayHeartbeat(live=self._gateway.list_live()))

    def _take(self, message: ToGateway) -> None:
        match message:
            case Redeemed() | RedeemRefused():
                self._answer(message)
            case EventAck(number=number):
                self._spool.acknowledge(number)
            case Terminate(attachment_id=attachment_id, reason=reason):
                self._gateway.terminate(attachment_id, reason)
            case BrokerHeartbeat():
                pass
            case Welcome():
                raise WireError("a second welcome")

    def _answer(self, message: Redeemed | RedeemRefused) -> None:
        answer = self._requests.get(message.request)
        if answer is not None and not answer.done():
            answer.set_result(message)
        elif isinstance(message, Redeemed):
            # nobody waits any more: the books must not keep an attachment that never was
            self._gateway.disown(message.spec)

    def _note_heard(self) -> None:
        self.last_heard_s = asyncio.get_running_loop().time()


async def _write(socket: aiohttp.ClientWebSocketResponse, outbox: "asyncio.Queue[FromGateway]") -> None:
    while True:
        await socket.send_str(codec.encode(await outbox.get()))


async def _receive(socket: aiohttp.ClientWebSocketResponse, timeout_s: float) -> ToGateway | None:
    """The next message, ``None`` at the end. Raises :class:`TimeoutError`, :class:`WireError`."""
    frame = await socket.receive(timeout_s)
    if frame.type is not aiohttp.WSMsgType.TEXT:
        return None
    message: ToGateway = codec.to_gateway.decode(frame.data)
    return message


def load_wire_key(path: Path) -> Secret:
    """The bearer key from its file. Raises :class:`ConfigurationError`."""
    try:
        key = path.read_text("utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: the wire key can't be read: {error.strerror}") from error
    if not key:
        raise ConfigurationError(f"{path}: the wire key is empty")
    return Secret(key)
