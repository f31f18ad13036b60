"""Local desktops: started by the agents that have dialled in, in sandboxes on the agents' hosts."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from broker.model.ids import AgentId, DesktopId, ZoneId
from broker.model.kinds import PoolApplication
from broker.model.records import Desktop, Endpoint, Pool
from broker.ports import DesktopDown, DesktopUp, Observation, ProviderFailure, StartOrder
from broker.secret import Secret
from broker.wire.messages import (
    AgentAnswer,
    BrowserRules,
    ListDesktops,
    SetDestinations,
    StartDesktop,
    StopDesktop,
)
from pools.sandbox import new_password

Order = StartDesktop | StopDesktop | SetDestinations | ListDesktops
_UNNUMBERED: Final = 0  # whoever sends the order gives it its number


class AgentOrders(Protocol):
    """The connected agents, as this provider needs them."""

    def choose(self, zone_id: ZoneId) -> AgentId | None:
        """The agent of this zone with the most room; None when none has any."""
        ...

    def serving(self, zone_id: ZoneId) -> Collection[AgentId]: ...

    async def order(self, agent_id: AgentId, order: Order, *, deadline_s: float) -> AgentAnswer | None:
        """None: the agent is not there or did not answer in time; the order may have been carried out."""
        ...


class LocalProvider:
    """Implements DesktopProvider, LogsOff and MakesCredentials (:mod:`broker.ports`).

    A desktop stays with the agent that its row names: only that host has its home. What an agent that is away
    runs is unknown here, never 'not running'.
    """

    def __init__(self, agents: AgentOrders, *, deadline_s: float = 30.0) -> None:
        self._agents = agents
        self._deadline_s = deadline_s
        self._told: dict[DesktopId, tuple[str, ...]] = {}
        """What each running virtual browser may reach, as far as this process has told its agent."""

    def new_credential(self, pool: Pool, desktop_id: DesktopId) -> Mapping[str, Secret]:  # noqa: ARG002 -- the port's
        """A VNC password of eight characters: VncAuth takes no more (RFC 6143 section 7.2.2)."""
        return {"password": new_password()}

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure:
        agents = {desktop.agent_id for desktop in desktops if desktop.agent_id} | set(
            self._agents.serving(pool.zone_id)
        )
        if not agents:
            return _no_agent(pool.zone_id)
        running = await self._running_on(sorted(agents))
        if isinstance(running, ProviderFailure):
            return running
        if pool.application is PoolApplication.BROWSER:
            await self._tell_destinations(pool, [desktop for desktop in desktops if desktop.id in running])
        return Observation(frozenset(desktop.id for desktop in desktops if desktop.id in running))

    async def start(self, order: StartOrder) -> DesktopUp | ProviderFailure:
        password = order.credential.get("password")
        if password is None:
            return ProviderFailure(f"desktop {order.desktop.name} has no password yet", is_transient=False)
        agent_id = order.desktop.agent_id or await self._find_agent(order)
        if isinstance(agent_id, ProviderFailure):
            return agent_id
        answer = await self._agents.order(
            AgentId(agent_id), _start_message(order, password), deadline_s=self._deadline_s
        )
        match answer:
            case None:
                return _no_answer(agent_id)
            case AgentAnswer(ok=True, endpoint_host=str() as host):
                # One that ran already goes on with the list of its own start.
                self._told.pop(order.desktop.id, None)
                return DesktopUp(Endpoint(host=host, port=answer.endpoint_port), AgentId(agent_id))
            case AgentAnswer():
                return ProviderFailure(answer.fault or f"agent {agent_id} gave no reason")

    async def stop(self, pool: Pool, desktop: Desktop) -> DesktopDown | ProviderFailure:
        return await self._stop(pool, desktop, wipe=True)

    async def log_off(self, pool: Pool, desktop: Desktop, *, wipe: bool) -> DesktopDown | ProviderFailure:
        """End the desktop with all that runs on it; its fresh home goes with ``wipe``, a kept one stays."""
        return await self._stop(pool, desktop, wipe=wipe)

    async def _stop(self, pool: Pool, desktop: Desktop, *, wipe: bool) -> DesktopDown | ProviderFailure:
        """A row without an agent may still have a desktop, from a start whose answer was lost: ask everybody."""
        agents = [desktop.agent_id] if desktop.agent_id else sorted(self._agents.serving(pool.zone_id))
        if not agents:
            return _no_agent(pool.zone_id)
        order = StopDesktop(request=_UNNUMBERED, desktop_id=desktop.id, wipe=wipe)
        answers = await asyncio.gather(
            *(self._agents.order(agent_id, order, deadline_s=self._deadline_s) for agent_id in agents)
        )
        for agent_id, answer in zip(agents, answers, strict=True):
            if answer is None:
                return _no_answer(agent_id)
            if not answer.ok:
                return ProviderFailure(answer.fault or f"agent {agent_id} gave no reason")
        return DesktopDown()

    async def _tell_destinations(self, pool: Pool, running: Sequence[Desktop]) -> None:
        """A changed list reaches browsers that run already. What was not heard is said again in the next round."""
        wanted = pool.allowed_destinations
        for desktop in running:
            if desktop.agent_id is None or self._told.get(desktop.id) == wanted:
                continue
            order = SetDestinations(request=_UNNUMBERED, desktop_id=desktop.id, allowed_destinations=wanted)
            answer = await self._agents.order(desktop.agent_id, order, deadline_s=self._deadline_s)
            if answer is not None and answer.ok:
                self._told[desktop.id] = wanted

    async def _find_agent(self, order: StartOrder) -> AgentId | ProviderFailure:
        """The agent that already has this desktop (the answer to an earlier start was lost), or one with room."""
        zone_id = order.zone.id
        agents = sorted(self._agents.serving(zone_id))
        if len(agents) > 1:
            for agent_id in agents:
                running = await self._running_on([agent_id])
                if isinstance(running, ProviderFailure):
                    return running
                if order.desktop.id in running:
                    return agent_id
        elif agents:
            return agents[0]
        chosen = self._agents.choose(zone_id)
        if chosen is not None:
            return chosen
        return ProviderFailure(f"every agent of zone {zone_id} is full") if agents else _no_agent(zone_id)

    async def _running_on(self, agents: Sequence[AgentId]) -> frozenset[DesktopId] | ProviderFailure:
        order = ListDesktops(request=_UNNUMBERED)
        answers = await asyncio.gather(
            *(self._agents.order(agent_id, order, deadline_s=self._deadline_s) for agent_id in agents)
        )
        running: set[DesktopId] = set()
        for agent_id, answer in zip(agents, answers, strict=True):
            if answer is None or not answer.ok:
                return _no_answer(agent_id)
            running.update(seen.desktop_id for seen in answer.desktops if seen.is_running)
        return frozenset(running)


def _start_message(order: StartOrder, password: Secret) -> StartDesktop:
    return StartDesktop(
        request=_UNNUMBERED,
        desktop_id=order.desktop.id,
        name=order.desktop.name,
        zone_id=order.zone.id,
        zone_label=order.zone.name_ja,
        home_key=order.home_key,
        password=password.reveal(),
        browser=_browser_rules(order.pool),
    )


def _browser_rules(pool: Pool) -> BrowserRules | None:
    if pool.application is not PoolApplication.BROWSER:
        return None
    return BrowserRules(allowed_destinations=pool.allowed_destinations, homepage=pool.homepage)


def _no_agent(zone_id: ZoneId) -> ProviderFailure:
    return ProviderFailure(f"no agent of zone {zone_id} is connected")


def _no_answer(agent_id: str) -> ProviderFailure:
    return ProviderFailure(f"agent {agent_id} is not connected or does not answer")
