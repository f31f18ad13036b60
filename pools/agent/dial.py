"""The agent's end of the wire: dials the broker, and again when it is gone. Desktops go on meanwhile."""

import asyncio
import random
from typing import Final

import aiohttp
import structlog

from broker.errors import WireError
from broker.secret import Secret
from broker.wire.codec import encode, to_agent
from broker.wire.line import WireLine
from broker.wire.messages import (
    AGENT_PATH,
    HEARTBEAT_S,
    MAX_FRAME_BYTES,
    WIRE_VERSION,
    AgentAnswer,
    AgentHeartbeat,
    AgentHello,
    BrokerHeartbeat,
    BrowserVisits,
    FromAgent,
    ToAgent,
    Welcome,
)
from pools.agent.desktops import Desktops
from pools.agent.orders import Order, carry_out
from pools.agent.visits import Visits

FIRST_RETRY_S: Final = 0.2
LAST_RETRY_S: Final = 10.0
_WELCOME_DEADLINE_S: Final = 10.0
_SILENCE_S: Final = 3 * HEARTBEAT_S
_TELL_S: Final = 1.0
_MAX_ORDERS: Final = 2048

_log: Final = structlog.get_logger(__name__)


class Dialler:
    """One agent's connection to the broker. Orders are carried out to their end even when it breaks."""

    def __init__(self, *, hello: AgentHello, line: WireLine, key: Secret, desktops: Desktops, visits: Visits) -> None:
        self._hello = hello
        self._line = line
        self._key = key
        self._desktops = desktops
        self._visits = visits
        self._orders: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled. Waits between attempts grow to 10 s, with jitter; a welcome starts them anew."""
        delay_s = FIRST_RETRY_S
        try:
            while True:
                was_welcome = False
                try:
                    was_welcome = await self._talk()
                except (aiohttp.ClientError, OSError, TimeoutError, WireError) as fault:
                    _log.warning("broker.unreachable", fault=str(fault) or type(fault).__name__)
                delay_s = FIRST_RETRY_S if was_welcome else min(delay_s * 2, LAST_RETRY_S)
                await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, not a secret
        finally:
            for order in self._orders:
                order.cancel()
            await asyncio.gather(*self._orders, return_exceptions=True)

    async def _talk(self) -> bool:
        """One connection from dial to end. True if the broker welcomed us. Raises what ended it before that."""
        headers = {"Authorization": f"Bearer {self._key.reveal()}"}
        async with (
            aiohttp.ClientSession(connector=self._line.connect()) as session,
            asyncio.timeout(_WELCOME_DEADLINE_S) as patience,
            session.ws_connect(
                f"{self._line.url}{AGENT_PATH}", headers=headers, max_msg_size=MAX_FRAME_BYTES, compress=0
            ) as socket,
        ):
            await socket.send_str(encode(self._hello))
            welcome = await _receive(socket, _WELCOME_DEADLINE_S)
            if not isinstance(welcome, Welcome) or welcome.version != WIRE_VERSION:
                raise WireError(f"the broker did not welcome this agent (close code {socket.close_code})")
            patience.reschedule(None)
            _log.info("broker.connected")
            await self._converse(socket)
        return True

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Both directions until one of them ends."""
        outbox: asyncio.Queue[FromAgent] = asyncio.Queue()
        parts = [
            asyncio.create_task(part)
            for part in (self._listen(socket, outbox), _write(socket, outbox), self._beat(outbox), self._tell(outbox))
        ]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            ends = await asyncio.gather(*parts, return_exceptions=True)
        faults = [end for end in ends if isinstance(end, Exception)]
        _log.warning("broker.disconnected", code=socket.close_code, fault=str(faults[0]) if faults else None)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, outbox: "asyncio.Queue[FromAgent]") -> None:
        while (message := await _receive(socket, _SILENCE_S)) is not None:
            match message:
                case BrokerHeartbeat():
                    pass
                case Welcome():
                    raise WireError("a second welcome")
                case order:
                    self._begin(order, outbox)

    def _begin(self, order: Order, outbox: "asyncio.Queue[FromAgent]") -> None:
        if len(self._orders) >= _MAX_ORDERS:
            outbox.put_nowait(AgentAnswer(request=order.request, ok=False, fault="too many orders at once"))
            return
        task = asyncio.create_task(self._carry_out(order, outbox))
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def _carry_out(self, order: Order, outbox: "asyncio.Queue[FromAgent]") -> None:
        try:
            answer = await carry_out(self._desktops, order)
        except Exception:  # noqa: BLE001 -- the outermost edge of a task: the broker must have an answer
            _log.exception("order.failed", order=repr(order))
            answer = AgentAnswer(request=order.request, ok=False, fault="fault of the agent: see its log")
        outbox.put_nowait(answer)

    async def _beat(self, outbox: "asyncio.Queue[FromAgent]") -> None:
        while True:
            outbox.put_nowait(AgentHeartbeat(running=self._desktops.count_running()))
            await asyncio.sleep(HEARTBEAT_S)

    async def _tell(self, outbox: "asyncio.Queue[FromAgent]") -> None:
        """What virtual browsers did: a bounded part of it each second."""
        while True:
            if visits := self._visits.take():
                outbox.put_nowait(BrowserVisits(visits=visits))
            await asyncio.sleep(_TELL_S)


async def _write(socket: aiohttp.ClientWebSocketResponse, outbox: "asyncio.Queue[FromAgent]") -> None:
    while True:
        await socket.send_str(encode(await outbox.get()))


async def _receive(socket: aiohttp.ClientWebSocketResponse, timeout_s: float) -> ToAgent | None:
    """The next message, None at the end. Raises :class:`TimeoutError`, :class:`WireError`."""
    frame = await socket.receive(timeout_s)
    if frame.type is not aiohttp.WSMsgType.TEXT:
        return None
    message: ToAgent = to_agent.decode(frame.data)
    return message
