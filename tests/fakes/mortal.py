"""A broker that can be killed at any await: a store in front of the real one, with a fuse."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, cast

from broker.ports import (
    AccountTx,
    AuditTx,
    ChangeTx,
    DeviceTx,
    DirectoryTx,
    FactorTx,
    PeopleTx,
    PolicyTx,
    PoolTx,
    SealingTx,
    SessionTx,
    SigninTx,
    Store,
    Transaction,
)


class Killed(BaseException):
    """The process is gone. No handler of the product may catch it."""


class Fuse:
    """Counts awaits; at number ``burns_at`` the broker dies, and stays dead.

    ``is_fine`` counts every statement and every transaction; otherwise only what leaves different rows or
    machines behind: a write before and after its commit, and the calls of providers.
    """

    def __init__(self, burns_at: int | None = None, *, is_fine: bool = True) -> None:
        self.count = 0
        self.burns_at = burns_at
        self.is_fine = is_fine
        self.has_burnt = False

    def tick_finely(self) -> None:
        if self.is_fine or self.has_burnt:
            self.tick()

    def tick(self, _name: str = "") -> None:
        self.count += 1
        if self.has_burnt or self.count == self.burns_at:
            self.has_burnt = True
            raise Killed


class _MortalPart:
    def __init__(self, part: object, fuse: Fuse) -> None:
        self._part = part
        self._fuse = fuse

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._part, name)

        async def mortal(*args: object, **kwargs: object) -> object:
            self._fuse.tick_finely()
            return await method(*args, **kwargs)

        return mortal


class _MortalTransaction:
    def __init__(self, tx: Transaction, fuse: Fuse) -> None:
        self._tx = tx
        self.people = cast(PeopleTx, _MortalPart(tx.people, fuse))
        self.signin = cast(SigninTx, _MortalPart(tx.signin, fuse))
        self.pools = cast(PoolTx, _MortalPart(tx.pools, fuse))
        self.sessions = cast(SessionTx, _MortalPart(tx.sessions, fuse))
        self.factors = cast(FactorTx, _MortalPart(tx.factors, fuse))
        self.policy = cast(PolicyTx, _MortalPart(tx.policy, fuse))
        self.changes = cast(ChangeTx, _MortalPart(tx.changes, fuse))
        self.devices = cast(DeviceTx, _MortalPart(tx.devices, fuse))
        self.sealing = cast(SealingTx, _MortalPart(tx.sealing, fuse))
        self.directory = cast(DirectoryTx, _MortalPart(tx.directory, fuse))
        self.accounts = cast(AccountTx, _MortalPart(tx.accounts, fuse))
        self.audit = cast(AuditTx, _MortalPart(tx.audit, fuse))

    @property
    def now(self) -> datetime:
        return self._tx.now


class MortalStore:
    """Implements :class:`broker.ports.Store`: dies before, inside (rolled back) and after every transaction."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        return self._watch(self._store.read(), self._fuse.tick_finely)

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        return self._watch(self._store.write(), self._fuse.tick)

    @asynccontextmanager
    async def _watch(
        self, transaction: AbstractAsyncContextManager[Transaction], tick: Callable[[], None]
    ) -> AsyncGenerator[Transaction, None]:
        self._fuse.tick_finely()
        async with transaction as tx:
            yield _MortalTransaction(tx, self._fuse)
            tick()
        tick()
