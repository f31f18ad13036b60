"""Who somebody is: plugin points for passwords and second factors."""

from datetime import datetime
from typing import Protocol

import msgspec

from broker.model.kinds import Role
from broker.model.reasons import SigninRefusal
from broker.secret import Secret


class DirectoryPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person as the directory shows them, names exactly as stored there."""

    login: str
    display_name: str
    department: str
    groups: frozenset[str]
    roles: frozenset[Role]


class PasswordAccepted(msgspec.Struct, frozen=True):
    person: DirectoryPerson


class PasswordRejected(msgspec.Struct, frozen=True):
    cause: SigninRefusal


class DirectoryUnavailable(msgspec.Struct, frozen=True):
    """No server of the directory gave an answer; ``detail`` is for the IT desk and the audit."""

    detail: str


class Authenticator(Protocol):
    """Checks a password. This is not yet 'signed in': policy decides what it is worth."""

    async def verify(
        self, login: str, password: Secret
    ) -> PasswordAccepted | PasswordRejected | DirectoryUnavailable: ...


class FactorAccepted(msgspec.Struct, frozen=True):
    """``step`` is the time step that matched; the caller stores it by compare-and-swap before it counts."""

    step: int


class FactorRejected(msgspec.Struct, frozen=True):
    """``drift_steps`` tells how far the clock of the app seems to be off, where that is known."""

    drift_steps: int | None = None


class SecondFactor(Protocol):
    """A one-time code by a shared secret. Pure: it neither stores nor remembers."""

    def new_secret(self) -> Secret: ...
    def provisioning_uri(self, secret: Secret, *, account: str, issuer: str) -> str: ...
    def verify(self, secret: Secret, code: str, *, now: datetime) -> FactorAccepted | FactorRejected: ...
