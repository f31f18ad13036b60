"""What the core needs from outside, as small Protocols: no request, no HTML, no SQL in them.

Plugin points are :class:`Authenticator`, :class:`SecondFactor` and :class:`DesktopProvider`.
"""

from broker.ports.audit import AuditCheckpoint, AuditEntry, AuditQuery, AuditTx
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
from broker.ports.identity import (
    Authenticator,
    DirectoryPerson,
    DirectoryUnavailable,
    FactorAccepted,
    FactorRejected,
    PasswordAccepted,
    PasswordRejected,
    SecondFactor,
)
from broker.ports.people import PeopleTx
from broker.ports.policy import PolicyTx
from broker.ports.pools import PoolTx
from broker.ports.sessions import SessionTx
from broker.ports.signin import SigninTx
from broker.ports.store import Store, Transaction
from broker.ports.tunnels import TunnelControl

__all__ = [
    "AuditCheckpoint",
    "AuditEntry",
    "AuditQuery",
    "AuditTx",
    "Authenticator",
    "DesktopDown",
    "DesktopProvider",
    "DesktopUp",
    "DeviceTx",
    "DirectoryPerson",
    "DirectoryUnavailable",
    "FactorAccepted",
    "FactorRejected",
    "LogsOff",
    "MakesCredentials",
    "Observation",
    "PasswordAccepted",
    "PasswordRejected",
    "PeopleTx",
    "PolicyTx",
    "PoolTx",
    "ProviderFailure",
    "SecondFactor",
    "SessionTx",
    "SigninTx",
    "StartOrder",
    "Store",
    "Transaction",
    "TunnelControl",
]
