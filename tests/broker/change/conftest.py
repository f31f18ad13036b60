"""A founded city with a desk of three: two administrators, one of them a system administrator, and an auditor."""

from datetime import timedelta

import msgspec
import pytest

from broker.change.service import ChangeOutcome, ChangeService
from broker.lifecycle.policy_change import ChangeEvent
from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.session.policy_desk import PolicyDesk
from broker.store import SqlStore
from tests.broker.city import City
from tests.factories import CITY, a_user
from tests.fakes.providers import HostsProvider, ObedientProvider


class Desk:
    """The people of the desk as they have just signed in, and what they work with."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.woken = 0
        self.changes = ChangeService(city.store, self._wake)
        self.policy = PolicyDesk(city.store)

    def _wake(self) -> None:
        self.woken += 1

    async def actor(self, number: int, *roles: Role, signed_in_ago_s: float = 30) -> Actor:
        """Person ``number`` of the city at the desk."""
        async with self.city.store.read() as tx:
            now = tx.now
        name = f"user:{a_user(number).id}"
        at = now - timedelta(seconds=signed_in_ago_s)
        return Actor(tenant_id=CITY, name=name, roles=frozenset(roles), address="192.0.2.9", factor_at=at)

    async def first(self) -> Actor:
        return await self.actor(1, Role.TENANT_ADMIN)

    async def second(self) -> Actor:
        return await self.actor(2, Role.SYSTEM_ADMIN)

    async def root(self) -> Actor:
        """Somebody at the broker's host, whom nobody has seen sign in."""
        return msgspec.structs.replace(await self.actor(9, Role.SYSTEM_ADMIN), name="local:0", factor_at=None)

    async def approve(self, actor: Actor, change_id: str, note: str) -> ChangeOutcome:
        return await self.changes.decide(actor, change_id, ChangeEvent.APPROVED, note)

    async def reject(self, actor: Actor, change_id: str, note: str) -> ChangeOutcome:
        return await self.changes.decide(actor, change_id, ChangeEvent.REJECTED, note)

    async def withdraw(self, actor: Actor, change_id: str, note: str) -> ChangeOutcome:
        return await self.changes.decide(actor, change_id, ChangeEvent.WITHDRAWN, note)

    async def revoke(self, actor: Actor, change_id: str, note: str) -> ChangeOutcome:
        return await self.changes.decide(actor, change_id, ChangeEvent.REVOKED, note)

    async def events(self, prefix: str) -> list[str]:
        return [record.event for record in await self.city.audit(prefix)]


@pytest.fixture
async def desk(sqlite_store: SqlStore) -> Desk:
    city = City(sqlite_store, {"local": ObedientProvider(), "static": HostsProvider()})
    await city.found(signed_in_s=400_000)
    return Desk(city)
