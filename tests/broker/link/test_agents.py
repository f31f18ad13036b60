"""Orders to agents and their answers."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import WSCloseCode

from broker.model.ids import AgentId, DesktopId
from broker.wire.messages import (
    AgentAnswer,
    AgentHeartbeat,
    AgentHello,
    DesktopSeen,
    ListDesktops,
    StartDesktop,
    StopDesktop,
)
from tests.broker.link.fakes import AGENT_KEY, LGWAN, LIMITS, RESIDENT, Wire, agent_hello, until

AG1, AG2 = AgentId("ag1"), AgentId("ag2")
LIST = ListDesktops(request=0)


def start(name: str) -> StartDesktop:
    return StartDesktop(
        request=0, desktop_id=DesktopId(name), name=name, zone_id=LGWAN, zone_label="域", home_key=None, password="p"
    )


async def test_an_order_is_answered_by_the_agent_it_went_to(wire: Wire) -> None:
    async with wire.agent("ag1") as agent:

        async def reply(order: Any) -> AgentAnswer:
            seen = [DesktopSeen(desktop_id=DesktopId("d1"), is_running=True)]
            return AgentAnswer(request=order.request, ok=True, desktops=seen)

        answering = asyncio.create_task(agent.answer_each(reply))
        answer = await wire.agents.order(AG1, LIST, deadline_s=5)
        assert answer is not None
        assert answer.desktops == [DesktopSeen(desktop_id=DesktopId("d1"), is_running=True)]
        assert await wire.agents.order(AG2, LIST, deadline_s=5) is None
        answering.cancel()


async def test_answers_find_their_orders_in_any_sequence(wire: Wire) -> None:
    async with wire.agent("ag1") as agent:
        names = [f"d{number}" for number in range(30)]
        waiting = [asyncio.create_task(wire.agents.order(AG1, start(name), deadline_s=5)) for name in names]
        orders = [await agent.hear(StartDesktop) for _ in names]
        for order in reversed(orders):
            await agent.say(AgentAnswer(request=order.request, ok=True, endpoint_host=order.desktop_id))
        answers = await asyncio.gather(*waiting)
        assert [answer.endpoint_host for answer in answers if answer is not None] == names


async def test_an_agent_that_goes_answers_none_at_once(wire: Wire) -> None:
    async with wire.agent("ag1") as agent:
        waiting = asyncio.create_task(wire.agents.order(AG1, LIST, deadline_s=600))
        await agent.hear(ListDesktops)
        await agent.socket.close()
        async with asyncio.timeout(5):
            assert await waiting is None


async def test_a_deadline_passes_and_a_late_or_made_up_answer_hurts_nobody(wire: Wire) -> None:
    async with wire.agent("ag1") as agent:
        assert await wire.agents.order(AG1, LIST, deadline_s=0.05) is None
        order = await agent.hear(ListDesktops)
        await agent.say(AgentAnswer(request=order.request, ok=True), AgentAnswer(request=999, ok=True))
        waiting = asyncio.create_task(wire.agents.order(AG1, LIST, deadline_s=5))
        order = await agent.hear(ListDesktops)
        await agent.say(AgentAnswer(request=order.request, ok=False, fault="no"))
        answer = await waiting
        assert answer is not None
        assert answer.fault == "no"


async def test_orders_that_wait_are_bounded(folder: Path) -> None:
    async with (
        Wire(folder, msgspec.structs.replace(LIMITS, max_orders=2)).listening() as wire,
        wire.agent("ag1") as agent,
    ):
        waiting = [asyncio.create_task(wire.agents.order(AG1, LIST, deadline_s=5)) for _ in range(2)]
        orders = [await agent.hear(ListDesktops) for _ in range(2)]
        assert await wire.agents.order(AG1, LIST, deadline_s=5) is None
        for order in orders:
            await agent.say(AgentAnswer(request=order.request, ok=True))
        assert None not in await asyncio.gather(*waiting)


async def test_the_agent_with_the_most_room_in_the_zone_is_chosen(wire: Wire) -> None:
    assert wire.agents.choose(LGWAN) is None
    async with wire.agent("ag1", (LGWAN,), 2) as first, wire.agent("ag2", (LGWAN, RESIDENT), 3) as second:
        assert wire.agents.serving(LGWAN) == {AG1, AG2}
        assert wire.agents.serving(RESIDENT) == {AG2}
        assert wire.agents.choose(LGWAN) == AG2
        await second.say(AgentHeartbeat(running=2))
        await until(lambda: wire.agents.choose(LGWAN) == AG1)
        starting = [asyncio.create_task(wire.agents.order(AG1, start(f"d{n}"), deadline_s=5)) for n in range(2)]
        orders = [await first.hear(StartDesktop) for _ in range(2)]
        assert wire.agents.choose(LGWAN) == AG2
        await second.say(AgentHeartbeat(running=3))
        await until(lambda: wire.agents.choose(RESIDENT) is None)
        assert wire.agents.choose(LGWAN) is None
        await first.say(AgentAnswer(request=orders[0].request, ok=True))
        await first.say(AgentAnswer(request=orders[1].request, ok=False, fault="no"))
        await asyncio.gather(*starting)
        assert wire.agents.choose(LGWAN) == AG1
        await first.say(AgentHeartbeat(running=2))
        await until(lambda: wire.agents.choose(LGWAN) is None)


async def test_a_second_connection_of_the_same_agent_takes_the_orders(wire: Wire) -> None:
    async with wire.agent("ag1") as first, wire.agent("ag1") as second:
        assert await first.hear_end() == 4001
        waiting = asyncio.create_task(wire.agents.order(AG1, LIST, deadline_s=5))
        order = await second.hear(ListDesktops)
        await second.say(AgentAnswer(request=order.request, ok=True))
        assert await waiting is not None


@pytest.mark.parametrize("capacity", [0, -1, 10_001])
async def test_an_agent_with_an_impossible_capacity_is_not_welcome(wire: Wire, capacity: int) -> None:
    async with wire.dial("/wire/agent", AGENT_KEY) as peer:
        await peer.say(agent_hello(capacity=capacity))
        assert await peer.hear_end() == WSCloseCode.PROTOCOL_ERROR


async def test_an_agent_that_breaks_the_contract_loses_its_connection_only(folder: Path) -> None:
    limits = msgspec.structs.replace(LIMITS, messages_per_s=5.0, messages_at_once=20)
    async with Wire(folder, limits).listening() as wire, wire.agent("good") as good:
        hello: AgentHello = agent_hello("bad")
        for frames in ([hello], [AgentHeartbeat(running=1)] * 100):
            async with wire.agent("bad") as bad:
                await bad.say(*frames)
                assert await bad.hear_end() == WSCloseCode.PROTOCOL_ERROR
        waiting = asyncio.create_task(
            wire.agents.order(
                AgentId("good"), StopDesktop(request=0, desktop_id=DesktopId("d"), wipe=True), deadline_s=5
            )
        )
        order = await good.hear(StopDesktop)
        await good.say(AgentAnswer(request=order.request, ok=True))
        assert await waiting is not None
