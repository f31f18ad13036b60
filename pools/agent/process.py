"""The agent as a whole."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from broker.settings import read_secret_file
from broker.wire.messages import WIRE_VERSION, AgentHello
from pools.agent.desktops import Desktops
from pools.agent.dial import Dialler
from pools.agent.homes import Homes
from pools.agent.runtime import Runtime, SandboxRuntime
from pools.agent.settings import AgentSettings, agent_line
from pools.agent.sockets import Sockets
from pools.agent.visits import Visits


async def run_agent(settings: AgentSettings, runtime: Runtime | None = None) -> None:
    """Serve the broker until cancelled; then every desktop ends. ``runtime`` stands in for the sandbox in tests.

    Raises :class:`broker.errors.ConfigurationError` when a part is missing or another agent uses the folders.
    """
    key, line = read_secret_file(Path(settings.key_file)), agent_line(settings)
    hello = AgentHello(
        version=WIRE_VERSION, agent_id=settings.agent_id, zones=settings.zones, capacity=settings.capacity
    )
    visits = Visits()
    async with _desktops(settings, runtime, visits) as desktops:
        dialler = Dialler(hello=hello, line=line, key=key, desktops=desktops, visits=visits)
        await dialler.run()


@asynccontextmanager
async def _desktops(settings: AgentSettings, runtime: Runtime | None, visits: Visits) -> AsyncGenerator[Desktops]:
    homes = Homes(Path(settings.homes_dir), Path(settings.skeleton_dir) if settings.skeleton_dir else None)
    sockets = Sockets(Path(settings.sockets_dir), settings.zones)
    try:
        await homes.open()
        await sockets.open()
        desktops = Desktops(
            runtime=runtime or await SandboxRuntime.prepare(settings.runtime, visits.add),
            homes=homes,
            sockets=sockets,
            capacity=settings.capacity,
            starts_at_once=settings.runtime.starts_at_once,
        )
        try:
            yield desktops
        finally:
            await desktops.close()
    finally:
        homes.close()
