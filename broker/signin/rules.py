"""What a password and a code are worth. Pure decisions from frozen facts; a fact that is missing refuses."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

from broker.errors import ConfigurationError
from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User, WebSession
from broker.ports import FactorAccepted, FactorRejected, PasswordAccepted, PasswordRejected

Networks = tuple[IPv4Network | IPv6Network, ...]


class AskCode(msgspec.Struct, frozen=True):
    """The password passed; the code decides."""


class AskEnrolment(msgspec.Struct, frozen=True):
    """The password passed, and from here a first authenticator app may be enrolled."""


class RefuseLater(msgspec.Struct, frozen=True):
    """Nothing will help this attempt; it goes on to the code step all the same."""

    cause: SigninRefusal


class PasswordFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``user`` and ``is_enrolled`` as stored; None: not known."""

    verdict: PasswordAccepted | PasswordRejected
    user: User | None
    is_enrolled: bool | None
    may_enrol_here: bool
    can_change: bool = False
    """Whether this directory's passwords can be changed here."""


class RecoveryTyped(msgspec.Struct, frozen=True):
    """The code has the form of a recovery code; whether it is an unused one, the store knows."""

    code_hash: bytes


Proof = FactorAccepted | FactorRejected | RecoveryTyped


class LoginFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the code step depends on. ``proof`` None: the person has no factor to prove by.

    ``may_enrol_here`` is None except when an enrolment is being confirmed.
    """

    now: datetime
    pending: PendingSignin
    max_codes: int
    user: User | None
    proof: Proof | None
    may_enrol_here: bool | None = None


class AcceptStep(msgspec.Struct, frozen=True):
    """Signed in, if nobody used this time step before."""

    step: int


class AcceptRecovery(msgspec.Struct, frozen=True):
    """Signed in, if this is an unused recovery code."""

    code_hash: bytes


class RefuseLogin(msgspec.Struct, frozen=True):
    cause: SigninRefusal
    drift_steps: int | None = None


def decide_password(facts: PasswordFacts) -> AskCode | AskEnrolment | RefuseLater:
    """What follows inside after the password step. Outside it always looks like the code step, but for enrolment."""
    if isinstance(facts.verdict, PasswordRejected):
        return RefuseLater(facts.verdict.cause)
    if facts.verdict.must_change and not facts.can_change:
        return RefuseLater(SigninRefusal.PASSWORD_EXPIRED)
    if facts.user is None:
        return RefuseLater(SigninRefusal.UNKNOWN_USER)
    if facts.user.is_locked:
        return RefuseLater(SigninRefusal.ACCOUNT_LOCKED)
    if facts.is_enrolled is None:
        return RefuseLater(SigninRefusal.NOT_ENROLLED)
    if facts.is_enrolled:
        return AskCode()
    if facts.may_enrol_here:
        return AskEnrolment()
    return RefuseLater(SigninRefusal.ENROLMENT_NOT_ALLOWED_HERE)


def decide_login(facts: LoginFacts) -> AcceptStep | AcceptRecovery | RefuseLogin:
    """Whether this code completes this sign-in."""
    if cause := refuse_attempt(facts.pending, facts.user, now=facts.now, max_codes=facts.max_codes):
        return RefuseLogin(cause)
    if facts.pending.factor is not None:
        return RefuseLogin(SigninRefusal.ATTEMPT_EXPIRED)
    if facts.pending.must_enrol:
        return RefuseLogin(SigninRefusal.NOT_ENROLLED)
    match facts.proof:
        case FactorAccepted(step):
            return AcceptStep(step)
        case RecoveryTyped(code_hash):
            return AcceptRecovery(code_hash)
        case FactorRejected(drift_steps):
            return RefuseLogin(SigninRefusal.WRONG_CODE, drift_steps)
        case None:
            return RefuseLogin(SigninRefusal.NOT_ENROLLED)


def decide_enrolment(facts: LoginFacts) -> AcceptStep | RefuseLogin:
    """Whether this code confirms the authenticator app that was offered to this sign-in."""
    if cause := refuse_attempt(facts.pending, facts.user, now=facts.now, max_codes=facts.max_codes):
        return RefuseLogin(cause)
    if not facts.pending.must_enrol or not facts.may_enrol_here:
        return RefuseLogin(SigninRefusal.ENROLMENT_NOT_ALLOWED_HERE)
    match facts.proof:
        case FactorAccepted(step):
            return AcceptStep(step)
        case FactorRejected(drift_steps):
            return RefuseLogin(SigninRefusal.WRONG_CODE, drift_steps)
        case RecoveryTyped() | None:
            return RefuseLogin(SigninRefusal.WRONG_CODE)


def refuse_attempt(pending: PendingSignin, user: User | None, *, now: datetime, max_codes: int) -> SigninRefusal | None:
    """Why a sign-in can't be completed by any code."""
    if now >= pending.expires_at:
        return SigninRefusal.ATTEMPT_EXPIRED
    if pending.code_failures >= max_codes:
        return SigninRefusal.TOO_MANY_CODES
    if pending.password_refusal is not None:
        return SigninRefusal(pending.password_refusal)
    if user is None or (user.tenant_id, user.id) != (pending.tenant_id, pending.user_id):
        return SigninRefusal.UNKNOWN_USER
    return SigninRefusal.ACCOUNT_LOCKED if user.is_shut_out else None


def is_live(session: WebSession, *, idle_limit_s: int, now: datetime) -> bool:
    """Whether a signed-in browser still counts."""
    return now < session.expires_at and now - session.seen_at < timedelta(seconds=idle_limit_s)


def parse_networks(texts: Sequence[str]) -> Networks:
    """Raises :class:`ConfigurationError` for a text that is no network."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise ConfigurationError(f"signin.enrol_networks: {error}") from error


def is_inside(address: str, networks: Networks) -> bool:
    """Whether an address lies in one of the networks; one that can't be read lies nowhere."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    return any(known.version == network.version and known in network for network in networks)
