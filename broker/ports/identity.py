"""Who somebody is: plugin points for passwords and second factors."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from broker.model.kinds import Role
from broker.model.reasons import SigninRefusal
from broker.secret import Secret


class DirectoryPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person as the directory shows them, names exactly as stored there, with what follows by the rules.

    ``heads``: departments that they are head of (所属長). ``manager``: the login of their own head, where the directory
    tells it.
    """

    login: str
    display_name: str
    department: str
    groups: frozenset[str]
    roles: frozenset[Role]
    heads: frozenset[str] = frozenset()
    manager: str = ""


class PasswordAccepted(msgspec.Struct, frozen=True):
    """``must_change``: right, but nobody gets in by it until it is another one. ``ends_at``: when it runs out."""

    person: DirectoryPerson
    must_change: bool = False
    ends_at: datetime | None = None


class PasswordRejected(msgspec.Struct, frozen=True):
    cause: SigninRefusal


class DirectoryUnavailable(msgspec.Struct, frozen=True):
    """No server of the directory gave an answer; ``detail`` is for the IT desk and the audit.

    ``is_password_sent``: a server had the password already and may have counted it.
    """

    detail: str
    is_password_sent: bool = False


class Authenticator(Protocol):
    """Checks a password. This is not yet 'signed in': policy decides what it is worth.

    ``is_known``: the name has signed in with this very browser or device before. Strangers get fewer tries before the
    directory would lock the account.
    """

    async def verify(
        self, login: str, password: Secret, *, is_known: bool = False
    ) -> PasswordAccepted | PasswordRejected | DirectoryUnavailable: ...


class PersonStands(msgspec.Struct, frozen=True):
    """The directory knows the person and would let them in, as far as it tells without their password."""

    person: DirectoryPerson


class PersonGone(msgspec.Struct, frozen=True):
    """``unknown_user``: no such entry, which may also be the word of a server that is behind. Else: shut for sure."""

    cause: SigninRefusal


Standing = PersonStands | PersonGone


class DirectoryReader(Protocol):
    """Tells of people who do not sign in right now."""

    async def look_up(self, logins: Sequence[str]) -> Mapping[str, Standing] | DirectoryUnavailable:
        """What is known of each. Of whom nothing certain could be learned there is no word."""
        ...


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
