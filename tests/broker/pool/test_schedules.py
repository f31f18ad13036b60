"""Random mornings: people come and go, brokers and machines die, providers fail; the invariants hold throughout.

What a person leaves on a shared desktop is never seen by another one, and what they leave on their own one is
still there: both are read off the machines, not off the books.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.lifecycle.session import LIVE_STATES
from broker.model.ids import PoolId
from broker.model.kinds import PoolKind
from broker.model.reasons import EndReason
from broker.session.records import TicketIssued
from broker.store import open_store
from broker.wire.messages import ConnectionSpec, EventKind
from tests.broker.city import QUICK, City
from tests.broker.pool.consistency import check_at_rest, check_books
from tests.broker.pool.test_crashes import die_at
from tests.factories import GATEWAY, OWN, SHARED, a_pool
from tests.fakes.mortal import Fuse
from tests.fakes.providers import FailingProvider

PEOPLE = 4
EXAMPLES = 150 if os.environ.get("SEKISHO_FULL") == "1" else 15


class Morning:
    """One city on one schedule."""

    def __init__(self, city: City, provider: FailingProvider) -> None:
        self.city = city
        self.provider = provider
        self.tunnels: dict[tuple[int, PoolId], ConnectionSpec] = {}

    async def come_in(self, number: int, pool_id: PoolId) -> None:
        """Open, and if the desktop is up: attach, look around, leave a trace."""
        session = await self.city.open(number, pool_id)
        issued = await self.city.sessions.issue_ticket(self.city.person(number), session.id)
        if not isinstance(issued, TicketIssued):
            return
        spec = await self.city.redeem(issued, number)
        await self.tell(spec, EventKind.ATTACHED)
        desktop_id = (await self.city.session(session.id)).desktop_id
        machine = None if desktop_id is None else self.provider.machines.get(desktop_id)
        if machine is None:
            return  # it died a moment ago; the reconciler will notice
        assert machine.password == spec.parameters["password"], "a password of another start"
        assert machine.home <= {f"trace of {number}"}, "somebody else's work is there"
        machine.home.add(f"trace of {number}")
        await self.tell(spec, EventKind.DRAWN)
        self.tunnels[number, pool_id] = spec

    async def close_tab(self, number: int, pool_id: PoolId) -> None:
        if (spec := self.tunnels.pop((number, pool_id), None)) is not None:
            await self.tell(spec, EventKind.DETACHED, EndReason.CLIENT_CLOSED)

    async def log_off(self, number: int, pool_id: PoolId) -> None:
        for session in await self.city.live_sessions():
            if session.user_id == self.city.person(number).user.id and session.pool_id == pool_id:
                await self.city.sessions.log_off(self.city.person(number), session.id)

    async def tell(self, spec: ConnectionSpec, kind: EventKind, reason: EndReason | None = None) -> None:
        async with self.city.store.read() as tx:
            self.city.event_number = await tx.sessions.get_last_event(GATEWAY, "epoch-1")
        await self.city.tell(spec, kind, reason)

    async def reconcile(self) -> None:
        await self.city.reconciler.reconcile_once()

    async def restart(self) -> None:
        self.city.restart()

    async def kill(self, awaits: int, number: int, pool_id: PoolId) -> None:
        """The broker dies somewhere in the middle of somebody's coming in and a round."""

        async def deed(city: City, pool_id: PoolId) -> None:
            await self.come_in(number, pool_id)
            await city.reconciler.reconcile_once()

        await die_at(self.city, Fuse(awaits), deed, pool_id, self.provider)

    async def lose_machine(self, index: int) -> None:
        if self.provider.machines:
            names = sorted(self.provider.machines)
            del self.provider.machines[names[index % len(names)]]

    async def break_provider(self, call: str) -> None:
        self.provider.failing.add(call)

    async def mend_provider(self) -> None:
        self.provider.failing.clear()

    async def wait(self, seconds: int) -> None:
        self.city.pass_time(seconds)
        await self.reconcile()

    async def crowd(self) -> None:
        """Everybody at once, beside a round."""
        opens = (self.city.open(number, SHARED) for number in range(1, PEOPLE + 1))
        await asyncio.gather(self.reconcile(), *opens)


Step = Callable[[Morning], Awaitable[None]]
_people = st.integers(1, PEOPLE)
_pools = st.sampled_from([SHARED, OWN])
_steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda who, pool: partial(Morning.come_in, number=who, pool_id=pool), _people, _pools),
    st.builds(lambda who, pool: partial(Morning.come_in, number=who, pool_id=pool), _people, _pools),
    st.builds(lambda who, pool: partial(Morning.close_tab, number=who, pool_id=pool), _people, _pools),
    st.builds(lambda who, pool: partial(Morning.log_off, number=who, pool_id=pool), _people, _pools),
    st.just(Morning.reconcile),
    st.just(Morning.reconcile),
    st.just(Morning.restart),
    st.just(Morning.crowd),
    st.just(Morning.mend_provider),
    st.builds(
        lambda awaits, who, pool: partial(Morning.kill, awaits=awaits, number=who, pool_id=pool),
        st.integers(1, 90),
        _people,
        _pools,
    ),
    st.builds(lambda index: partial(Morning.lose_machine, index=index), st.integers(0, 9)),
    st.builds(
        lambda call: partial(Morning.break_provider, call=call),
        st.sampled_from(["start", "stop", "log_off", "observe"]),
    ),
    st.builds(lambda seconds: partial(Morning.wait, seconds=seconds), st.sampled_from([1, 2, 10, 121, 3601])),
)


@pytest.mark.timeout(900)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=os.environ.get("SEKISHO_FULL") != "1",
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(_steps, min_size=5, max_size=25))
def test_whatever_the_morning_brings(sqlite_template: Path, steps: list[Step]) -> None:
    asyncio.run(live_through(sqlite_template, steps))


async def live_through(template: Path, steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(template, Path(folder) / "city.db")
        store = await open_store(f"sqlite:///{folder}/city.db")
        try:
            provider = FailingProvider(failing=set())
            quick = msgspec.structs.replace(QUICK, start_deadline_s=5.0, reset_deadline_s=5.0)
            city = City(store, {"local": provider}, quick)
            shared = msgspec.structs.replace(a_pool(), target_ready=1, max_size=3)
            own = msgspec.structs.replace(a_pool(OWN, PoolKind.PERSISTENT), max_size=PEOPLE)
            await city.found(shared, own, people=PEOPLE, signed_in_s=10**7)
            morning = Morning(city, provider)
            for step in steps:
                await step(morning)
                await check_books(city)
            await calm_down(morning)
        finally:
            await store.close()


async def calm_down(morning: Morning) -> None:
    """Faults stop; after a while everything is at rest, and everybody who waits has come in."""
    city = morning.city
    await morning.mend_provider()
    for _ in range(6):
        city.pass_time(301)
        await city.settle()
    await check_at_rest(city, morning.provider)
    for session in await city.live_sessions():
        await city.sessions.log_off(city.person(int(session.user_id.removeprefix("user-"))), session.id)
    city.pass_time(301)
    await city.settle()
    for number in range(1, PEOPLE + 1):
        session = await city.open(number, OWN)
        await city.settle()
        await morning.come_in(number, OWN)
        assert (await city.session(session.id)).state in LIVE_STATES
    await check_at_rest(city, morning.provider)
