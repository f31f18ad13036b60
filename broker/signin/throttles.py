"""The throttles of a sign-in in the store: one for the account, one for the address, shared by every node."""

from datetime import datetime

import msgspec

from broker.model.ids import TenantId
from broker.ports import Transaction
from broker.settings import SigninSettings
from broker.signin import trail
from broker.signin.inputs import account_key, address_key
from broker.signin.throttling import (
    Limits,
    blocks_begun_attempt_until,
    blocks_until,
    count_attempts,
    take_back,
)


class Visitor(msgspec.Struct, frozen=True):
    """Who knocks: the name that they typed, cleaned, and where they come from."""

    tenant_id: TenantId
    login: str
    address: str

    def keys(self) -> tuple[str, str]:
        return account_key(self.tenant_id, self.login), address_key(self.tenant_id, self.address)


class Throttles:
    """Reads and writes throttles inside the caller's transaction."""

    def __init__(self, settings: SigninSettings) -> None:
        self._account = _limits(settings, settings.free_failures)
        self._address = _limits(settings, settings.free_failures_per_address)

    async def admit(self, tx: Transaction, visitor: Visitor) -> datetime | None:
        """Count one attempt, unless the account or the address has to wait: then until when."""
        stored = await tx.signin.get_throttles(visitor.keys())
        waits = [until for throttle in stored.values() if (until := blocks_until(throttle, tx.now))]
        if waits:
            return max(waits)
        await self.count(tx, visitor)
        return None

    async def block_begun(self, tx: Transaction, visitor: Visitor, begun_at: datetime) -> datetime | None:
        """Until when an attempt has to wait that was admitted at ``begun_at``."""
        stored = await tx.signin.get_throttles(visitor.keys())
        waits = [
            until
            for key, limits in self._each(visitor)
            if (until := blocks_begun_attempt_until(stored.get(key), limits, tx.now, begun_at=begun_at))
        ]
        return max(waits, default=None)

    async def count(self, tx: Transaction, visitor: Visitor) -> None:
        """Count one more; the beginning of a wait is audited, the refusals during it are not."""
        stored = await tx.signin.get_throttles(visitor.keys())
        for key, limits in self._each(visitor):
            after = count_attempts(stored.get(key), key, limits, tx.now)
            await tx.signin.put_throttle(after)
            if after.blocked_until is not None:
                detail = {"attempts": str(after.failures), "until": after.blocked_until.isoformat()}
                entry = trail.throttled(visitor.tenant_id, key, visitor.login, visitor.address, detail)
                await tx.audit.append(entry)

    async def take_back(self, tx: Transaction, visitor: Visitor, *, count: int) -> None:
        """Attempts that were none, after all."""
        stored = await tx.signin.get_throttles(visitor.keys())
        for key, limits in self._each(visitor):
            if before := stored.get(key):
                after = take_back(before, limits, count=count)
                await (tx.signin.put_throttle(after) if after else tx.signin.clear_throttle(key))

    async def forgive(self, tx: Transaction, visitor: Visitor, *, count: int) -> None:
        """After a sign-in: the account starts anew; the address only loses what this sign-in had cost it, since
        others may come from there."""
        await self.take_back(tx, visitor, count=count)
        await tx.signin.clear_throttle(visitor.keys()[0])

    def _each(self, visitor: Visitor) -> tuple[tuple[str, Limits], tuple[str, Limits]]:
        account, address = visitor.keys()
        return (account, self._account), (address, self._address)


def _limits(settings: SigninSettings, free: int) -> Limits:
    return Limits(
        free=free,
        base_block_s=settings.base_block_s,
        max_block_s=settings.max_block_s,
        memory_s=settings.failure_memory_s,
    )
