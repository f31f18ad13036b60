"""What goes into a sign-in and what comes out. 'This password passed' is never the same type as 'signed in'."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from broker.model.arrival import Arrival
from broker.model.kinds import Role
from broker.model.passwords import NewPasswordFault
from broker.model.reasons import SignedOutCause
from broker.model.records import User, WebSession
from broker.secret import Secret


class PasswordAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """``hostname`` decides the tenant; ``arrival`` is what the entrance's channel proves."""

    hostname: str
    login: str
    password: Secret
    arrival: Arrival
    user_agent: str

    @property
    def address(self) -> str:
        return self.arrival.address


class CodeAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """The code step. ``pending`` is the token of the cookie that the password step gave out."""

    pending: Secret
    code: str
    arrival: Arrival
    user_agent: str

    @property
    def address(self) -> str:
        return self.arrival.address


class PasskeyAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """The code step by a passkey. ``answer`` is what the browser's authenticator said, as JSON; ``hostname`` that of
    the request, which decides for whom the key has to have signed. ``name`` only for a key that is enrolled."""

    pending: Secret
    answer: str
    hostname: str
    arrival: Arrival
    user_agent: str
    name: str = ""

    @property
    def address(self) -> str:
        return self.arrival.address


class PasskeyQuestion(msgspec.Struct, frozen=True):
    """Options for the browser's ``navigator.credentials``, ready to be written as JSON."""

    options: Mapping[str, object]


class NeedFactor(msgspec.Struct, frozen=True):
    """The code step follows, whether or not the password passed."""

    pending: Secret


class MustEnrol(msgspec.Struct, frozen=True):
    """The password passed and the person has no authenticator app yet."""

    pending: Secret


class EnrolmentOffer(msgspec.Struct, frozen=True, kw_only=True):
    """For the enrolment page: the secret as text key (base32 in groups of four) and as otpauth URI for the QR code."""

    display_name: str
    text_key: str
    uri: str


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Cookies for the browser (given out once) and the session behind them. ``browser_mark`` outlives the session."""

    token: Secret
    tunnel: Secret
    session: WebSession
    user: User
    withheld_roles: frozenset[Role] = frozenset()
    """As of :class:`Authenticated`."""
    recovery_codes: tuple[str, ...] = ()
    used_recovery_code: bool = False
    browser_mark: Secret | None = None


class MustChangePassword(msgspec.Struct, frozen=True, kw_only=True):
    """Password and factor passed, and the directory wants another password first. ``pending`` is a new token: it
    opens the page for that and nothing else. Recovery codes are those of an enrolment on the way."""

    pending: Secret
    user: User
    recovery_codes: tuple[str, ...] = ()


class ChangeAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """The step after the second factor. ``pending`` is the token of :class:`MustChangePassword`."""

    pending: Secret
    old: Secret
    new: Secret
    arrival: Arrival
    user_agent: str


class OwnChange(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in person's wish for another password."""

    old: Secret
    new: Secret
    address: str


class NotTaken(msgspec.Struct, frozen=True):
    """The new password does not meet the directory's rules; the old one still counts."""

    fault: NewPasswordFault


class StepUpMissing(msgspec.Struct, frozen=True):
    """The second factor was shown too long ago."""


class CantChange(msgspec.Struct, frozen=True):
    """This tenant's passwords are not changed here."""


class OwnPasswordChanged(msgspec.Struct, frozen=True):
    """``ended``: the person's other browsers' sessions that ended with the old password."""

    ended: int


class Refused(msgspec.Struct, frozen=True):
    """One refusal for every cause. ``may_retry`` false: begin again with the password."""

    may_retry: bool


class Throttled(msgspec.Struct, frozen=True):
    until: datetime


class DirectoryDown(msgspec.Struct, frozen=True):
    """The directory gave no answer; said as such, since it tells nothing about an account."""


class UnknownTenant(msgspec.Struct, frozen=True):
    """Nobody is served under this host name."""


class Authenticated(msgspec.Struct, frozen=True, kw_only=True):
    """The holder of a valid session cookie: what every page and API call after sign-in stands on."""

    session: WebSession
    user: User
    withheld_roles: frozenset[Role] = frozenset()
    """Roles that do not count in this session, because it has not shown the passkey that they ask for."""
    arrival: Arrival | None = None
    """How this request came in, with the mark of a browser that is known."""

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that count."""
        return self.user.roles - self.withheld_roles


class SignedOut(msgspec.Struct, frozen=True):
    """The cookie counted until now; coming in this way has ended its session."""

    cause: SignedOutCause


class SteppedUp(msgspec.Struct, frozen=True):
    """The second factor was shown again; the session as it is now."""

    session: WebSession


class StepUpRefused(msgspec.Struct, frozen=True):
    """One refusal for every cause; the cause is in the audit."""


StepUpOutcome = SteppedUp | StepUpRefused | Throttled
PasswordOutcome = NeedFactor | MustEnrol | Throttled | DirectoryDown | UnknownTenant
CodeOutcome = SignedIn | MustChangePassword | Refused | Throttled
ChangeOutcome = SignedIn | NotTaken | Refused | Throttled | DirectoryDown
OwnChangeOutcome = OwnPasswordChanged | NotTaken | Refused | StepUpMissing | CantChange | Throttled | DirectoryDown
