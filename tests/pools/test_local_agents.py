"""Which agent the local provider turns to, and what it makes of silence."""

from collections.abc import Collection

import msgspec

from broker.model.ids import AgentId, DesktopId, ZoneId
from broker.model.kinds import PoolApplication
from broker.model.records import Desktop, Endpoint, Pool
from broker.ports import DesktopDown, DesktopUp, Observation, ProviderFailure, StartOrder
from broker.secret import Secret
from broker.wire.messages import AgentAnswer, DesktopSeen, ListDesktops, SetDestinations, StartDesktop, StopDesktop
from pools.local import LocalProvider, Order
from tests.pools.rows import ZONE, desktop, pool

A, B = AgentId("a"), AgentId("b")
POOL = pool("local")


class Hosts:
    """Agents in memory; those in ``deaf`` are connected and do not answer."""

    def __init__(self, *names: AgentId) -> None:
        self.running: dict[AgentId, set[DesktopId]] = {name: set() for name in names}
        self.full: set[AgentId] = set()
        self.deaf: set[AgentId] = set()
        self.homes: list[str | None] = []
        self.destinations: list[tuple[DesktopId, tuple[str, ...]]] = []

    def choose(self, zone_id: ZoneId) -> AgentId | None:
        free = [name for name in self.running if name not in self.full]
        return min(free, key=lambda name: len(self.running[name])) if free else None

    def serving(self, zone_id: ZoneId) -> Collection[AgentId]:
        return frozenset(self.running)

    async def order(self, agent_id: AgentId, order: Order, *, deadline_s: float) -> AgentAnswer | None:
        if agent_id not in self.running or agent_id in self.deaf:
            return None
        running = self.running[agent_id]
        match order:
            case StartDesktop(desktop_id=desktop_id):
                running.add(desktop_id)
                self.homes.append(order.home_key)
                return AgentAnswer(request=0, ok=True, endpoint_host=f"/desktops/{desktop_id}/vnc.sock")
            case StopDesktop(desktop_id=desktop_id):
                running.discard(desktop_id)
                return AgentAnswer(request=0, ok=True)
            case SetDestinations(desktop_id=desktop_id, allowed_destinations=destinations):
                self.destinations.append((desktop_id, destinations))
                return AgentAnswer(request=0, ok=desktop_id in running)
            case ListDesktops():
                seen = [DesktopSeen(desktop_id=desktop_id, is_running=True) for desktop_id in running]
                return AgentAnswer(request=0, ok=True, desktops=seen)


def start(row: Desktop, home_key: str | None = None) -> StartOrder:
    return StartOrder(pool=POOL, zone=ZONE, desktop=row, credential={"password": Secret("12345678")}, home_key=home_key)


def on(agent_id: AgentId, name: str = "d1") -> Desktop:
    return msgspec.structs.replace(desktop(name), agent_id=agent_id)


async def test_a_start_names_the_agent_and_goes_where_there_is_room() -> None:
    hosts = Hosts(A, B)
    hosts.full.add(A)
    outcome = await LocalProvider(hosts).start(start(desktop("d1")))
    assert outcome == DesktopUp(Endpoint(host="/desktops/d1/vnc.sock", port=0), B)


async def test_a_desktop_stays_with_its_agent_even_when_another_has_room() -> None:
    hosts = Hosts(A, B)
    hosts.running[A] = {DesktopId(f"x{number}") for number in range(5)}
    outcome = await LocalProvider(hosts).start(start(on(A), "u1"))
    assert isinstance(outcome, DesktopUp)
    assert outcome.agent_id == A
    assert hosts.homes == ["u1"]


async def test_a_desktop_whose_agent_is_away_is_not_started_elsewhere() -> None:
    outcome = await LocalProvider(Hosts(B)).start(start(on(A)))
    assert isinstance(outcome, ProviderFailure)
    assert "agent a" in outcome.fault


async def test_a_start_whose_answer_was_lost_is_found_again_on_its_agent() -> None:
    hosts = Hosts(A, B)
    hosts.running[A] = {DesktopId("x1"), DesktopId("d1")}
    outcome = await LocalProvider(hosts).start(start(desktop("d1")))
    assert isinstance(outcome, DesktopUp)
    assert outcome.agent_id == A


async def test_while_an_agent_is_deaf_nothing_is_started_that_it_may_already_have() -> None:
    hosts = Hosts(A, B)
    hosts.deaf.add(A)
    assert isinstance(await LocalProvider(hosts).start(start(desktop("d1"))), ProviderFailure)
    assert hosts.running[B] == set()


async def test_no_agent_and_no_room_are_told_apart() -> None:
    hosts = Hosts(A, B)
    hosts.full = {A, B}
    full = await LocalProvider(hosts).start(start(desktop("d1")))
    none = await LocalProvider(Hosts()).start(start(desktop("d1")))
    assert isinstance(full, ProviderFailure)
    assert isinstance(none, ProviderFailure)
    assert "full" in full.fault
    assert "no agent" in none.fault


async def test_a_start_without_a_password_is_a_lasting_failure() -> None:
    order = msgspec.structs.replace(start(desktop("d1")), credential={})
    outcome = await LocalProvider(Hosts(A)).start(order)
    assert isinstance(outcome, ProviderFailure)
    assert not outcome.is_transient


async def test_an_agent_that_does_not_answer_is_unknown_and_not_empty() -> None:
    hosts = Hosts(A, B)
    hosts.running[A] = {DesktopId("d1")}
    provider = LocalProvider(hosts)
    assert await provider.observe(POOL, [on(A), on(B, "d2")]) == Observation(frozenset({DesktopId("d1")}))
    hosts.deaf.add(B)
    assert isinstance(await provider.observe(POOL, [on(A)]), ProviderFailure)
    assert isinstance(await LocalProvider(Hosts(B)).observe(POOL, [on(A)]), ProviderFailure)
    assert isinstance(await LocalProvider(Hosts()).observe(POOL, []), ProviderFailure)


async def test_a_stop_reaches_the_agent_that_has_it_also_when_the_row_does_not_say() -> None:
    hosts = Hosts(A, B)
    hosts.running[B] = {DesktopId("d1")}
    provider = LocalProvider(hosts)
    assert await provider.stop(POOL, desktop("d1")) == DesktopDown()
    assert hosts.running[B] == set()
    hosts.deaf.add(A)
    assert isinstance(await provider.stop(POOL, desktop("d1")), ProviderFailure)
    assert await provider.log_off(POOL, on(B), wipe=True) == DesktopDown()


async def test_a_changed_list_reaches_browsers_that_run_already_and_is_said_once() -> None:
    hosts = Hosts(A)
    hosts.running[A] = {DesktopId("d1"), DesktopId("d2")}
    rows = [on(A), on(A, "d2"), on(A, "gone")]
    provider = LocalProvider(hosts)
    before = browser_pool("a.example.jp")
    for _ in range(2):
        await provider.observe(before, rows)
    assert sorted(hosts.destinations) == [("d1", ("a.example.jp",)), ("d2", ("a.example.jp",))]
    hosts.destinations.clear()
    hosts.deaf.add(A)
    await provider.observe(browser_pool("b.example.jp"), rows)
    hosts.deaf.clear()
    await provider.observe(browser_pool("b.example.jp"), rows)
    assert sorted(hosts.destinations) == [("d1", ("b.example.jp",)), ("d2", ("b.example.jp",))]


async def test_other_desktops_hear_nothing_of_lists() -> None:
    hosts = Hosts(A)
    hosts.running[A] = {DesktopId("d1")}
    await LocalProvider(hosts).observe(POOL, [on(A)])
    assert hosts.destinations == []


def browser_pool(*destinations: str) -> Pool:
    return msgspec.structs.replace(POOL, application=PoolApplication.BROWSER, allowed_destinations=destinations)
