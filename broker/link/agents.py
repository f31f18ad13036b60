"""Which agents are connected, what room they have, and the orders that wait for their answers."""

import asyncio
import itertools
from typing import Final

import msgspec

from broker.errors import WireError
from broker.link.allowance import Allowance
from broker.link.channel import Channel
from broker.link.limits import LinkLimits
from broker.link.visits import VisitBooks
from broker.model.ids import AgentId, ZoneId
from broker.wire.codec import from_agent
from broker.wire.messages import (
    AgentAnswer,
    AgentHeartbeat,
    AgentHello,
    BrowserVisits,
    FromAgent,
    ListDesktops,
    SetDestinations,
    StartDesktop,
    StopDesktop,
)

Order = StartDesktop | StopDesktop | SetDestinations | ListDesktops


class AgentFlow:
    """One agent on one connection. ``running`` is what it last told, plus the starts it has since confirmed."""

    def __init__(self, hello: AgentHello, channel: Channel, limits: LinkLimits, visits: VisitBooks) -> None:
        self.agent_id: Final = hello.agent_id
        self.zones: Final = frozenset(hello.zones)
        self.channel: Final = channel
        self._visits = visits
        self._capacity = hello.capacity
        self._max_orders = limits.max_orders
        now_s = asyncio.get_running_loop().time()
        self._allowance = Allowance(per_s=limits.messages_per_s, burst=limits.messages_at_once, now_s=now_s)
        self._running = 0
        self._starting = 0
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[AgentAnswer | None]] = {}

    @property
    def room(self) -> int:
        """How many more desktops it can take, as far as is known here; the agent has the last word."""
        return self._capacity - self._running - self._starting

    async def read(self) -> None:
        """Take messages until the peer closes. Raises :class:`WireError` when it breaks the contract."""
        while (frame := await self.channel.receive()) is not None:
            self._allowance.spend(asyncio.get_running_loop().time())
            message: FromAgent = from_agent.decode(frame)
            match message:
                case AgentAnswer() as answer:
                    self._settle(answer.request, answer)
                case AgentHeartbeat(running=running):
                    self._running = running
                case BrowserVisits(visits=visits):
                    await self._visits.note(self.agent_id, self.zones, visits)
                case AgentHello():
                    raise WireError("a second hello")

    async def order(self, order: Order, *, deadline_s: float) -> AgentAnswer | None:
        """The agent's answer, or None when it is gone or the deadline has passed."""
        if len(self._waiting) >= self._max_orders or self.channel.stopped.is_set():
            return None
        number = next(self._numbers)
        future: asyncio.Future[AgentAnswer | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        is_start = isinstance(order, StartDesktop)
        self._starting += is_start
        self.channel.send(msgspec.structs.replace(order, request=number))
        answer: AgentAnswer | None = None
        try:
            async with asyncio.timeout(deadline_s):
                answer = await future
        except TimeoutError:
            return None
        finally:
            del self._waiting[number]
            self._starting -= is_start
        self._running += is_start and answer is not None and answer.ok
        return answer

    def abandon(self) -> None:
        """The connection is gone: whoever waits hears it at once."""
        for number in list(self._waiting):
            self._settle(number, None)

    def _settle(self, number: int, answer: AgentAnswer | None) -> None:
        """An answer that nobody waits for any more is late, not wrong."""
        future = self._waiting.get(number)
        if future is not None and not future.done():
            future.set_result(answer)


class AgentDirectory:
    """The connected agents by id. Implements :class:`pools.local.AgentOrders`, by shape."""

    def __init__(self) -> None:
        self._flows: dict[AgentId, AgentFlow] = {}

    def choose(self, zone_id: ZoneId) -> AgentId | None:
        """The agent of this zone with the most room; None when none has any."""
        flows = [flow for flow in self._flows.values() if zone_id in flow.zones and flow.room > 0]
        return max(flows, key=lambda flow: flow.room).agent_id if flows else None

    def serving(self, zone_id: ZoneId) -> frozenset[AgentId]:
        """The connected agents of a zone."""
        return frozenset(flow.agent_id for flow in self._flows.values() if zone_id in flow.zones)

    async def order(self, agent_id: AgentId, order: Order, *, deadline_s: float) -> AgentAnswer | None:
        """Send an order (its ``request`` is set here) and wait for its answer.

        None: the agent is not connected, its connection ended meanwhile, or ``deadline_s`` passed. The order
        may have been carried out all the same: ask again.
        """
        flow = self._flows.get(agent_id)
        return None if flow is None else await flow.order(order, deadline_s=deadline_s)

    def enter(self, flow: AgentFlow) -> Channel | None:
        """Answers the connection that this one replaces."""
        before = self._flows.get(flow.agent_id)
        self._flows[flow.agent_id] = flow
        return None if before is None else before.channel

    def leave(self, flow: AgentFlow) -> bool:
        """False when a newer connection has taken the place."""
        flow.abandon()
        if self._flows.get(flow.agent_id) is not flow:
            return False
        del self._flows[flow.agent_id]
        return True
