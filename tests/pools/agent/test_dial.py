"""An agent and the wire: it comes, it comes back, and it finishes what it began."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import structlog

from broker.errors import ConfigurationError
from broker.model.ids import AgentId, DesktopId, ZoneId
from broker.wire.messages import ListDesktops
from pools.agent.process import run_agent
from pools.agent.settings import AgentSettings, RuntimeSettings, load_agent_settings
from tests.broker.link.fakes import AGENT_KEY, Wire, until
from tests.pools.agent.stage import StageRuntime, order

AG1 = AgentId("ag1")
LGWAN = ZoneId("lgwan")


def settings_in(folder: Path, agent_key: str) -> AgentSettings:
    key = folder / "agent.key"
    key.write_text(agent_key + "\n")
    key.chmod(0o600)
    return AgentSettings(
        agent_id=AG1,
        wire_socket=str(folder / "run/wire.sock"),
        key_file=str(key),
        zones=[LGWAN],
        capacity=3,
        homes_dir=str(folder / "homes"),
        sockets_dir=str(folder / "sockets"),
        runtime=RuntimeSettings(cache_dir=str(folder / "cache"), log_dir=str(folder / "logs")),
    )


@contextlib.asynccontextmanager
async def agent(folder: Path, key: str = AGENT_KEY) -> AsyncGenerator[StageRuntime]:
    runtime = StageRuntime()
    running = asyncio.create_task(run_agent(settings_in(folder, key), runtime))
    try:
        yield runtime
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def running_on(wire: Wire) -> list[str]:
    answer = await wire.agents.order(AG1, ListDesktops(request=0), deadline_s=10)
    assert answer is not None
    return [seen.desktop_id for seen in answer.desktops if seen.is_running]


async def test_an_agent_that_is_there_first_finds_the_broker_and_finds_it_again(folder: Path) -> None:
    wire = Wire(folder)
    async with agent(folder) as runtime:
        async with wire.listening():
            await until(lambda: wire.agents.choose(LGWAN) == AG1)
            started = await wire.agents.order(AG1, order("d1"), deadline_s=10)
            assert started is not None
            assert started.endpoint_host == "/desktops/d1/vnc.sock"
        await until(lambda: not wire.agents.serving(LGWAN))
        assert runtime.units[0].is_running()
        async with wire.listening():
            await until(lambda: wire.agents.choose(LGWAN) == AG1)
            assert await running_on(wire) == ["d1"]
    assert not runtime.units[0].is_running()


async def test_an_order_that_the_line_broke_under_is_finished_and_may_be_asked_again(folder: Path) -> None:
    wire = Wire(folder)
    async with agent(folder) as runtime:
        runtime.gate.clear()
        async with wire.listening():
            await until(lambda: bool(wire.agents.serving(LGWAN)))
            waiting = asyncio.create_task(wire.agents.order(AG1, order("d1"), deadline_s=60))
            await until(lambda: runtime.starting == 1)
        assert await waiting is None
        runtime.gate.set()
        async with wire.listening():
            await until(lambda: bool(wire.agents.serving(LGWAN)))
            again = await wire.agents.order(AG1, order("d1"), deadline_s=10)
            assert again is not None
            assert again.ok
            assert len(runtime.units) == 1


async def test_a_desktop_that_hangs_in_its_start_holds_up_no_other(folder: Path) -> None:
    wire = Wire(folder)
    async with wire.listening(), agent(folder) as runtime:
        await until(lambda: bool(wire.agents.serving(LGWAN)))
        runtime.gate.clear()
        waiting = asyncio.create_task(wire.agents.order(AG1, order("d1"), deadline_s=0.2))
        assert await waiting is None
        assert await running_on(wire) == []
        runtime.gate.set()


async def test_the_place_is_counted_where_the_agent_is_chosen(folder: Path) -> None:
    wire = Wire(folder)
    async with wire.listening(), agent(folder):
        await until(lambda: bool(wire.agents.serving(LGWAN)))
        for number in range(3):
            await wire.agents.order(AG1, order(f"d{number}"), deadline_s=10)
        assert wire.agents.choose(LGWAN) is None
        refused = await wire.agents.order(AG1, order("d9"), deadline_s=10)
        assert refused is not None
        assert not refused.ok
        assert refused.fault is not None


async def test_a_wrong_key_is_never_let_in(folder: Path) -> None:
    wire = Wire(folder)
    with structlog.testing.capture_logs() as logged:
        async with wire.listening(), agent(folder, "x" * 43):
            await until(lambda: [entry["event"] for entry in logged].count("wire.key_refused") >= 2)
            assert wire.agents.serving(LGWAN) == frozenset()
    assert "x" * 43 not in str(logged)


MINIMAL = """
agent_id = "ag1"
wire_socket = "w"
key_file = "k"
zones = ["lgwan"]
capacity = 1
homes_dir = "h"
sockets_dir = "/s"
[runtime]
cache_dir = "c"
log_dir = "l"
"""


@pytest.mark.parametrize(
    "change,said",
    [
        (("capacity = 1", "capacity = 0"), "1 or more"),
        (("capacity = 1", 'capacity = "many"'), r"\$.capacity"),
        (('zones = ["lgwan"]', "zones = []"), "at least one zone"),
        (('zones = ["lgwan"]', 'zones = ["../x"]'), "zones must be names"),
        (('"ag1"', '"Agent 1"'), "agent_id"),
        (('log_dir = "l"', 'log_dir = "l"\nlog_dri = "x"'), "log_dri"),
        (('homes_dir = "h"', ""), "homes_dir"),
        (('"/s"', f'"/{"s" * 80}"'), "107 bytes"),
        (('"/s"', "/s"), "not valid TOML"),
    ],
)
def test_settings_that_can_not_work_stop_the_start(folder: Path, change: tuple[str, str], said: str) -> None:
    file = folder / "agent.toml"
    file.write_text(MINIMAL)
    assert load_agent_settings(file).agent_id == AG1
    file.write_text(MINIMAL.replace(*change))
    with pytest.raises(ConfigurationError, match=said):
        load_agent_settings(file)


def test_a_desktop_id_never_appears_as_a_secret_does() -> None:
    assert "12345678" not in repr(order("d1"))
    assert DesktopId("d1") in repr(order("d1"))
