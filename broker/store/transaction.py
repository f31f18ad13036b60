"""One transaction with the features' parts of the store."""

from datetime import datetime

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
)
from broker.store.accounts import SqlAccounts
from broker.store.audit import SqlAudit
from broker.store.audit_sealing import SqlChain
from broker.store.changes import SqlChanges
from broker.store.devices import SqlDevices
from broker.store.directory import SqlDirectory
from broker.store.factors import SqlFactors
from broker.store.people import SqlPeople
from broker.store.policy import SqlPolicy
from broker.store.pools import SqlPools
from broker.store.sealing import SqlSealing
from broker.store.sessions import SqlSessions
from broker.store.signin import SqlSignin
from broker.store.statements import Statements


class SqlTransaction:
    """Implements :class:`broker.ports.Transaction` and :class:`broker.audit.records.ChainTransaction`."""

    def __init__(self, statements: Statements) -> None:
        self._now = statements.now
        self._people = SqlPeople(statements)
        self._signin = SqlSignin(statements)
        self._factors = SqlFactors(statements)
        self._pools = SqlPools(statements)
        self._sessions = SqlSessions(statements)
        self._policy = SqlPolicy(statements)
        self._changes = SqlChanges(statements)
        self._devices = SqlDevices(statements)
        self._sealing = SqlSealing(statements)
        self._directory = SqlDirectory(statements)
        self._accounts = SqlAccounts(statements)
        self._audit = SqlAudit(statements)
        self._chain = SqlChain(statements)

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def people(self) -> PeopleTx:
        return self._people

    @property
    def signin(self) -> SigninTx:
        return self._signin

    @property
    def factors(self) -> FactorTx:
        return self._factors

    @property
    def pools(self) -> PoolTx:
        return self._pools

    @property
    def sessions(self) -> SessionTx:
        return self._sessions

    @property
    def policy(self) -> PolicyTx:
        return self._policy

    @property
    def changes(self) -> ChangeTx:
        return self._changes

    @property
    def devices(self) -> DeviceTx:
        return self._devices

    @property
    def sealing(self) -> SealingTx:
        return self._sealing

    @property
    def directory(self) -> DirectoryTx:
        return self._directory

    @property
    def accounts(self) -> AccountTx:
        return self._accounts

    @property
    def audit(self) -> AuditTx:
        return self._audit

    @property
    def chain(self) -> SqlChain:
        return self._chain
