"""The throttles of a sign-in in the store, shared by every node, and the addresses where people sign in."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

import msgspec

from broker.model.ids import TenantId
from broker.ports import Transaction
from broker.secret import SealingKey
from broker.settings import SigninSettings
from broker.signin import trail
from broker.signin.inputs import account_key, address_group, address_key, pair_key
from broker.signin.scopes import Keys, Scope, begun_wait_until, counted, taken_back, wait_until
from broker.signin.throttling import Limits

MAX_KNOWN_ADDRESSES: Final = 16
"""Per account; the longest unused one makes room."""


class Visitor(msgspec.Struct, frozen=True):
    """Who knocks: the name that they typed, cleaned, and where they come from."""

    tenant_id: TenantId
    login: str
    address: str

    def keys(self) -> Keys:
        return {
            Scope.PAIR: pair_key(self.tenant_id, self.login, self.address),
            Scope.ADDRESS: address_key(self.tenant_id, self.address),
            Scope.ACCOUNT: account_key(self.tenant_id, self.login),
        }


class Throttles:
    """Reads and writes throttles inside the caller's transaction."""

    def __init__(self, settings: SigninSettings, sealing: SealingKey) -> None:
        self._budgets = {
            Scope.PAIR: _limits(settings, settings.free_failures, settings.max_block_s),
            Scope.ADDRESS: _limits(settings, settings.free_failures_per_address, settings.max_block_s),
            Scope.ACCOUNT: _limits(settings, settings.free_failures_per_account, settings.max_account_block_s),
        }
        self._known_for = timedelta(seconds=settings.known_address_s)
        self._address_key = sealing.derive("known_address")

    async def admit(self, tx: Transaction, visitor: Visitor) -> datetime | None:
        """Count one attempt, unless it has to wait: then until when."""
        keys = visitor.keys()
        stored = await tx.signin.get_throttles(list(keys.values()))
        is_known = await self._is_known(tx, visitor)
        until = wait_until(stored, keys, is_known=is_known, now=tx.now)
        if until is None:
            await self.count(tx, visitor)
        return until

    async def block_begun(self, tx: Transaction, visitor: Visitor, begun_at: datetime) -> datetime | None:
        """Until when an attempt has to wait that was admitted at ``begun_at``."""
        keys = visitor.keys()
        stored = await tx.signin.get_throttles(list(keys.values()))
        is_known = await self._is_known(tx, visitor)
        return begun_wait_until(stored, keys, self._budgets, is_known=is_known, now=tx.now, begun_at=begun_at)

    async def count(self, tx: Transaction, visitor: Visitor) -> None:
        """Count one more; the beginning of a wait is audited, the refusals during it are not."""
        keys = visitor.keys()
        stored = await tx.signin.get_throttles(list(keys.values()))
        is_known = await self._is_known(tx, visitor)
        for after in counted(stored, keys, self._budgets, is_known=is_known, now=tx.now):
            await tx.signin.put_throttle(after)
            if after.blocked_until is not None:
                detail = {"attempts": str(after.failures), "until": after.blocked_until.isoformat()}
                entry = trail.throttled(visitor.tenant_id, after.key, visitor.login, visitor.address, detail)
                await tx.audit.append(entry)

    async def take_back(self, tx: Transaction, visitor: Visitor, *, count: int) -> None:
        """Attempts that were none, after all."""
        keys = visitor.keys()
        stored = await tx.signin.get_throttles(list(keys.values()))
        is_known = await self._is_known(tx, visitor)
        for key, after in taken_back(stored, keys, self._budgets, is_known=is_known, count=count).items():
            await (tx.signin.put_throttle(after) if after else tx.signin.clear_throttle(key))

    async def forgive(self, tx: Transaction, visitor: Visitor, *, count: int) -> None:
        """After a sign-in: the name starts anew here, and everywhere when it was bound by that wait; the address only
        loses what this sign-in had cost it, since others may come from there. From now on the address is known."""
        await self.take_back(tx, visitor, count=count)
        keys = visitor.keys()
        await tx.signin.clear_throttle(keys[Scope.PAIR])
        if not await self._is_known(tx, visitor):
            await tx.signin.clear_throttle(keys[Scope.ACCOUNT])
        address_hash = self._hash_address(visitor)
        await tx.signin.remember_address(keys[Scope.ACCOUNT], address_hash, max_kept=MAX_KNOWN_ADDRESSES)

    async def _is_known(self, tx: Transaction, visitor: Visitor) -> bool:
        account = visitor.keys()[Scope.ACCOUNT]
        return await tx.signin.is_known_address(account, self._hash_address(visitor), since=tx.now - self._known_for)

    def _hash_address(self, visitor: Visitor) -> bytes:
        """Keyed: where people live does not show in the database, nor in its backups."""
        text = f"{visitor.keys()[Scope.ACCOUNT]}\0{address_group(visitor.address)}"
        return hmac.new(self._address_key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _limits(settings: SigninSettings, free: int, max_block_s: int) -> Limits:
    return Limits(
        free=free, base_block_s=settings.base_block_s, max_block_s=max_block_s, memory_s=settings.failure_memory_s
    )
