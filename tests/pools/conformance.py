"""What every provider of desktops must keep, whatever it is made of.

A suite is taken over by a class of its own with a fixture ``rig``. Ids of desktops are the rig's to choose.
"""

import asyncio
from typing import Any, Protocol

import msgspec

from broker.model.records import Desktop, Endpoint, Pool
from broker.ports import (
    DesktopDown,
    DesktopProvider,
    DesktopUp,
    LogsOff,
    MakesCredentials,
    Observation,
    ProviderFailure,
    StartOrder,
)
from tests.pools.rows import ZONE


class Rig(Protocol):
    """A provider with desktops that can be started (at least three)."""

    @property
    def provider(self) -> DesktopProvider: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def desktops(self) -> list[Desktop]: ...
    @property
    def stays_up(self) -> bool:
        """The hosts run by themselves: stop is no more than a word."""
        ...

    async def may_connect(self, endpoint: Endpoint) -> bool:
        """Whether a viewer that goes to this endpoint meets a desktop."""
        ...

    async def lose(self, desktop: Desktop) -> None:
        """The desktop dies without the provider's doing."""
        ...


class HomeRig(Rig, Protocol):
    """A rig whose desktops have homes that it can look into."""

    async def work(self, desktop: Desktop, text: str) -> None:
        """A person leaves something in the home of a running desktop."""
        ...

    async def is_kept_anywhere(self, text: str) -> bool:
        """Whether something of it is left on the provider's side."""
        ...


class Books:
    """What the pool's service does around a provider, as little of it as there must be."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._rows = {desktop.id: desktop for desktop in rig.desktops}
        self._credentials: dict[str, Any] = {}

    async def start(self, desktop: Desktop, home_key: str | None = None) -> DesktopUp | ProviderFailure:
        provider = self._rig.provider
        credential: Any = self._credentials.setdefault(
            desktop.id,
            provider.new_credential(self._rig.pool, desktop.id) if isinstance(provider, MakesCredentials) else {},
        )
        order = StartOrder(
            pool=self._rig.pool,
            zone=ZONE,
            desktop=self.row(desktop),
            credential=credential,
            home_key=home_key,
        )
        outcome = await provider.start(order)
        if isinstance(outcome, DesktopUp):
            self._rows[desktop.id] = msgspec.structs.replace(
                self.row(desktop), endpoint=outcome.endpoint, agent_id=outcome.agent_id
            )
        return outcome

    async def start_for_sure(self, desktop: Desktop, home_key: str | None = None) -> Endpoint:
        outcome = await self.start(desktop, home_key)
        assert isinstance(outcome, DesktopUp), outcome
        return outcome.endpoint

    async def stop(self, desktop: Desktop) -> None:
        assert await self._rig.provider.stop(self._rig.pool, self.row(desktop)) == DesktopDown()

    async def log_off(self, desktop: Desktop) -> None:
        provider = self._rig.provider
        assert isinstance(provider, LogsOff)
        assert await provider.log_off(self._rig.pool, self.row(desktop), wipe=True) == DesktopDown()

    async def running(self) -> set[str]:
        outcome = await self._rig.provider.observe(self._rig.pool, list(self._rows.values()))
        assert isinstance(outcome, Observation), outcome
        return set(outcome.running)

    def row(self, desktop: Desktop) -> Desktop:
        return self._rows.get(desktop.id, desktop)


class ProviderConformance:
    """Start, stop and observe: idempotent and truthful."""

    async def test_a_started_desktop_is_there_and_seen(self, rig: Rig) -> None:
        books, desktop = Books(rig), rig.desktops[0]
        endpoint = await books.start_for_sure(desktop)
        assert await rig.may_connect(endpoint)
        assert desktop.id in await books.running()

    async def test_a_second_start_answers_with_the_same_desktop(self, rig: Rig) -> None:
        books, desktop = Books(rig), rig.desktops[0]
        first = await books.start_for_sure(desktop)
        assert await books.start_for_sure(desktop) == first
        assert await rig.may_connect(first)

    async def test_starts_of_one_desktop_at_once_make_one_desktop(self, rig: Rig) -> None:
        books, desktop = Books(rig), rig.desktops[0]
        endpoints = await asyncio.gather(*(books.start_for_sure(desktop) for _ in range(4)))
        assert len(set(map(msgspec.json.encode, endpoints))) == 1
        await books.stop(desktop)
        assert (desktop.id in await books.running()) is rig.stays_up

    async def test_what_was_never_started_is_not_seen_and_stopping_it_is_fine(self, rig: Rig) -> None:
        books = Books(rig)
        if not rig.stays_up:
            assert await books.running() == set()
        await books.stop(rig.desktops[0])
        await books.stop(rig.desktops[0])

    async def test_a_stopped_desktop_is_gone_unless_it_is_a_host_of_its_own(self, rig: Rig) -> None:
        books, desktop = Books(rig), rig.desktops[0]
        endpoint = await books.start_for_sure(desktop)
        await books.stop(desktop)
        await books.stop(desktop)
        assert (desktop.id in await books.running()) is rig.stays_up
        assert await rig.may_connect(endpoint) is rig.stays_up

    async def test_a_desktop_starts_again_after_a_stop(self, rig: Rig) -> None:
        books, desktop = Books(rig), rig.desktops[0]
        for _ in range(2):
            assert await rig.may_connect(await books.start_for_sure(desktop))
            await books.stop(desktop)

    async def test_desktops_come_and_go_at_once_and_do_not_touch_each_other(self, rig: Rig) -> None:
        books, (first, second, third) = Books(rig), rig.desktops[:3]
        await books.start_for_sure(first)
        await asyncio.gather(books.start_for_sure(second), books.start_for_sure(third), books.stop(first))
        running = await books.running()
        assert {second.id, third.id} <= running
        assert (first.id in running) is rig.stays_up
        await asyncio.gather(books.stop(second), books.stop(third))

    async def test_a_desktop_that_died_is_not_seen_any_more(self, rig: Rig) -> None:
        books, (first, second) = Books(rig), rig.desktops[:2]
        await books.start_for_sure(first)
        endpoint = await books.start_for_sure(second)
        await rig.lose(books.row(first))
        assert await books.running() & {first.id, second.id} == {second.id}
        assert await rig.may_connect(endpoint)

    async def test_a_start_ordered_by_a_row_that_knows_nothing_finds_what_runs(self, rig: Rig) -> None:
        """The broker died after the start and before it was written down."""
        before, after = Books(rig), Books(rig)
        endpoint = await before.start_for_sure(rig.desktops[0])
        after._credentials = before._credentials
        assert await after.start_for_sure(rig.desktops[0]) == endpoint
        await after.stop(rig.desktops[0])


class HomesConformance:
    """Log-off leaves nothing of a fresh home, and all of a kept one."""

    async def test_nothing_of_a_fresh_home_is_left_after_log_off(self, rig: HomeRig) -> None:
        books, desktop = Books(rig), rig.desktops[0]
        await books.start_for_sure(desktop)
        await rig.work(desktop, "戸籍-4711")
        assert await rig.is_kept_anywhere("戸籍-4711")
        await books.log_off(desktop)
        assert not await rig.is_kept_anywhere("戸籍-4711")
        assert desktop.id not in await books.running()
        await books.start_for_sure(desktop)
        assert not await rig.is_kept_anywhere("戸籍-4711")

    async def test_nothing_of_a_fresh_home_is_left_after_the_desktop_died(self, rig: HomeRig) -> None:
        books, desktop = Books(rig), rig.desktops[0]
        await books.start_for_sure(desktop)
        await rig.work(desktop, "戸籍-4712")
        await rig.lose(books.row(desktop))
        await books.stop(desktop)
        assert not await rig.is_kept_anywhere("戸籍-4712")

    async def test_a_kept_home_stays_through_log_off_and_start(self, rig: HomeRig) -> None:
        books, desktop = Books(rig), rig.desktops[0]
        await books.start_for_sure(desktop, "t1-u1")
        await rig.work(desktop, "起案-1")
        await books.log_off(desktop)
        await books.start_for_sure(desktop, "t1-u1")
        await rig.work(desktop, "起案-2")
        await books.stop(desktop)
        assert await rig.is_kept_anywhere("起案-1")
        assert await rig.is_kept_anywhere("起案-2")

    async def test_a_kept_home_follows_its_key_to_another_desktop(self, rig: HomeRig) -> None:
        books, (first, second) = Books(rig), rig.desktops[:2]
        await books.start_for_sure(first, "t1-u2")
        await rig.work(first, "起案-3")
        await books.log_off(first)
        await books.start_for_sure(second, "t1-u2")
        await books.log_off(second)
        assert await rig.is_kept_anywhere("起案-3")

    async def test_credentials_are_made_anew_for_every_desktop(self, rig: HomeRig) -> None:
        provider = rig.provider
        assert isinstance(provider, MakesCredentials)
        made = [provider.new_credential(rig.pool, rig.desktops[0].id)["password"] for _ in range(2)]
        assert [len(password.reveal()) for password in made] == [8, 8]
