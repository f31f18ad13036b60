"""What the core needs from outside, as small Protocols: no request, no HTML, no SQL in them.

Plugin points are :class:`Authenticator`, :class:`SecondFactor`, :class:`PasskeyVerifier` and :class:`DesktopProvider`.
"""

from broker.ports.accounts import AccountTx, PasswordHasher
from broker.ports.audit import AuditCheckpoint, AuditEntry, AuditQuery, AuditTx
from broker.ports.changes import ChangeTx
from broker.ports.desktops import (
    DesktopDown,
    DesktopProvider,
    DesktopUp,
    LogsOff,
    MakesCredentials,
    Observation,
    ProviderFailure,
    StartOrder,
)
from broker.ports.devices import DeviceTx
from broker.ports.directory import (
    DirectoryPage,
    DirectorySource,
    DirectoryTx,
    ReadingDone,
    ReadingEvent,
    WholeNeeded,
)
from broker.ports.identity import (
    Authenticator,
    DirectoryPerson,
    DirectoryReader,
    DirectoryUnavailable,
    FactorAccepted,
    FactorRejected,
    PasswordAccepted,
    PasswordRejected,
    PersonGone,
    PersonStands,
    SecondFactor,
    Standing,
)
from broker.ports.passkeys import (
    FactorTx,
    PasskeyAnswer,
    PasskeyHolder,
    PasskeyMade,
    PasskeyRejected,
    PasskeyShown,
    PasskeyVerifier,
)
from broker.ports.passwords import (
    ChangeAnswer,
    LockoutReader,
    NewPasswordRefused,
    OldPasswordRefused,
    PasswordChanged,
    PasswordChanger,
)
from broker.ports.people import PeopleTx
from broker.ports.policy import PolicyTx
from broker.ports.pools import PoolTx
from broker.ports.sealing import SealingTx
from broker.ports.sessions import SessionTx
from broker.ports.signin import SigninTx
from broker.ports.store import Store, Transaction
from broker.ports.tunnels import TunnelControl

__all__ = [
    "AccountTx",
    "AuditCheckpoint",
    "AuditEntry",
    "AuditQuery",
    "AuditTx",
    "Authenticator",
    "ChangeAnswer",
    "ChangeTx",
    "DesktopDown",
    "DesktopProvider",
    "DesktopUp",
    "DeviceTx",
    "DirectoryPage",
    "DirectoryPerson",
    "DirectoryReader",
    "DirectorySource",
    "DirectoryTx",
    "DirectoryUnavailable",
    "FactorAccepted",
    "FactorRejected",
    "FactorTx",
    "LockoutReader",
    "LogsOff",
    "MakesCredentials",
    "NewPasswordRefused",
    "Observation",
    "OldPasswordRefused",
    "PasskeyAnswer",
    "PasskeyHolder",
    "PasskeyMade",
    "PasskeyRejected",
    "PasskeyShown",
    "PasskeyVerifier",
    "PasswordAccepted",
    "PasswordChanged",
    "PasswordChanger",
    "PasswordHasher",
    "PasswordRejected",
    "PeopleTx",
    "PersonGone",
    "PersonStands",
    "PolicyTx",
    "PoolTx",
    "ProviderFailure",
    "ReadingDone",
    "ReadingEvent",
    "SealingTx",
    "SecondFactor",
    "SessionTx",
    "SigninTx",
    "Standing",
    "StartOrder",
    "Store",
    "Transaction",
    "TunnelControl",
    "WholeNeeded",
]
