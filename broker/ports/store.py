"""The store: transactions over everything that is kept."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from broker.ports.accounts import AccountTx
from broker.ports.audit import AuditTx
from broker.ports.changes import ChangeTx
from broker.ports.devices import DeviceTx
from broker.ports.directory import DirectoryTx
from broker.ports.passkeys import FactorTx
from broker.ports.people import PeopleTx
from broker.ports.policy import PolicyTx
from broker.ports.pools import PoolTx
from broker.ports.sealing import SealingTx
from broker.ports.sessions import SessionTx
from broker.ports.signin import SigninTx


class Transaction(Protocol):
    """One database transaction. ``now`` is the database's clock at its beginning: it decides expiries."""

    @property
    def now(self) -> datetime: ...
    @property
    def people(self) -> PeopleTx: ...
    @property
    def signin(self) -> SigninTx: ...
    @property
    def factors(self) -> FactorTx: ...
    @property
    def pools(self) -> PoolTx: ...
    @property
    def sessions(self) -> SessionTx: ...
    @property
    def policy(self) -> PolicyTx: ...
    @property
    def changes(self) -> ChangeTx: ...
    @property
    def devices(self) -> DeviceTx: ...
    @property
    def sealing(self) -> SealingTx: ...
    @property
    def directory(self) -> DirectoryTx: ...
    @property
    def accounts(self) -> AccountTx: ...
    @property
    def audit(self) -> AuditTx: ...


class Store(Protocol):
    """``read`` sees a consistent state; ``write`` commits at the end of its block and rolls back on an exception.

    Never await the network inside a block. Raises :class:`broker.errors.StoreUnavailable`.
    """

    def read(self) -> AbstractAsyncContextManager[Transaction]: ...
    def write(self) -> AbstractAsyncContextManager[Transaction]: ...
