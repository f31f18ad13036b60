"""Fakes of passkeys and of a person's own factors: the answer ``good`` is the right one."""

from datetime import UTC, datetime

from msgspec.structs import replace

from broker.model.actor import Actor
from broker.model.ids import UserId
from broker.model.passkeys import FactorNotice, Passkey
from broker.model.records import User
from broker.people.passkeys import PasskeyKept, PasskeyRefusal, PasskeysOutcome, RemovalOutcome
from broker.secret import Secret
from broker.signin.factor_records import (
    CodesGiven,
    FactorChanged,
    FactorDenied,
    FactorOutcome,
    FactorRefusal,
    OwnFactors,
)
from broker.signin.records import (
    Authenticated,
    CodeOutcome,
    EnrolmentOffer,
    PasskeyAttempt,
    PasskeyQuestion,
    Refused,
    SteppedUp,
    StepUpOutcome,
    StepUpRefused,
)
from tests.web.fake_signin import CODE, PlainSignin
from tests.web.people import NOW

GOOD = '{"good": true}'
_QUESTION = PasskeyQuestion({"challenge": "AAAA", "rpId": "localhost", "allowCredentials": []})
_DENIED = FactorDenied(FactorRefusal.STEP_UP_NEEDED)


class PlainPasskeys:
    """Every person has the passkey that answers ``good``."""

    def __init__(self, signin: PlainSignin) -> None:
        self.signin = signin
        self.attempts: list[PasskeyAttempt] = []

    async def ask_to_sign_in(self, pending: Secret, hostname: str) -> PasskeyQuestion | Refused:
        return _QUESTION if pending.reveal() in self.signin.pending else Refused(may_retry=False)

    async def sign_in(self, attempt: PasskeyAttempt) -> CodeOutcome:
        self.attempts.append(attempt)
        user, must_enrol = self.signin.pending.get(attempt.pending.reveal(), (None, True))
        if must_enrol:
            return Refused(may_retry=False)
        if user is None or attempt.answer != GOOD:
            return Refused(may_retry=True)
        return replace(self.signin.enter(user))

    async def ask_to_enrol(self, pending: Secret, hostname: str) -> PasskeyQuestion | Refused:
        _user, must_enrol = self.signin.pending.get(pending.reveal(), (None, False))
        return _QUESTION if must_enrol else Refused(may_retry=False)

    async def enrol(self, attempt: PasskeyAttempt) -> CodeOutcome:
        self.attempts.append(attempt)
        user, must_enrol = self.signin.pending.get(attempt.pending.reveal(), (None, False))
        if user is None or not must_enrol:
            return Refused(may_retry=False)
        if attempt.answer != GOOD:
            return Refused(may_retry=True)
        return self.signin.enter(user, recovery_codes=tuple(f"{number:04}-wxyz-{number:04}" for number in range(1, 11)))

    async def ask_to_step_up(self, auth: Authenticated, hostname: str) -> PasskeyQuestion | StepUpRefused:
        return _QUESTION

    async def step_up(self, auth: Authenticated, hostname: str, answer: str) -> StepUpOutcome:
        if answer != GOOD:
            return StepUpRefused()
        self.signin.change(factor_at=datetime.now(UTC), factor="passkey")
        return SteppedUp(auth.session)


class ShelfOfFactors:
    """One person's factors; with ``is_fresh`` off, every change is denied."""

    def __init__(self) -> None:
        self.is_fresh = True
        self.needs_passkey = False
        self.has_app = True
        self.passkeys: list[Passkey] = []
        self.told: FactorNotice | None = None

    async def overview(self, auth: Authenticated) -> OwnFactors:
        return OwnFactors(
            app_since=NOW if self.has_app else None,
            passkeys=tuple(self.passkeys),
            recovery_codes_left=9,
            is_fresh=self.is_fresh,
            needs_passkey=self.needs_passkey,
        )

    async def notice(self, auth: Authenticated) -> FactorNotice | None:
        return self.told

    async def ask_passkey(self, auth: Authenticated, hostname: str) -> PasskeyQuestion | FactorDenied:
        return _QUESTION if self.is_fresh else _DENIED

    async def add_passkey(self, auth: Authenticated, hostname: str, answer: str, name: str) -> FactorOutcome:
        if not self.is_fresh:
            return _DENIED
        if answer != GOOD:
            return FactorDenied(FactorRefusal.PASSKEY_REFUSED)
        self.passkeys.append(a_passkey(auth.user, name, len(self.passkeys)))
        return FactorChanged()

    async def rename_passkey(self, auth: Authenticated, passkey_id: str, name: str) -> FactorOutcome:
        if not self.is_fresh:
            return _DENIED
        self.passkeys = [replace(key, name=name) if key.id == passkey_id else key for key in self.passkeys]
        return FactorChanged()

    async def remove_passkey(self, auth: Authenticated, passkey_id: str) -> FactorOutcome:
        if len(self.passkeys) + self.has_app < 2:
            return FactorDenied(FactorRefusal.LAST_FACTOR)
        self.passkeys = [key for key in self.passkeys if key.id != passkey_id]
        return FactorChanged() if self.is_fresh else _DENIED

    async def offer_app(self, auth: Authenticated) -> EnrolmentOffer | FactorDenied:
        offer = EnrolmentOffer(display_name="", text_key="JBSW Y3DP", uri="otpauth://totp/x?secret=JBSWY3DP")
        return offer if self.is_fresh else _DENIED

    async def confirm_app(self, auth: Authenticated, code: str) -> FactorOutcome:
        return FactorChanged() if code == CODE else FactorDenied(FactorRefusal.WRONG_CODE)

    async def remove_app(self, auth: Authenticated) -> FactorOutcome:
        return FactorChanged() if self.passkeys else FactorDenied(FactorRefusal.LAST_FACTOR)

    async def renew_codes(self, auth: Authenticated) -> CodesGiven | FactorDenied:
        return CodesGiven(("AAAA-BBBB-CCCC",)) if self.is_fresh else _DENIED


class DeskOfPasskeys:
    """People's passkeys by person."""

    def __init__(self) -> None:
        self.of: dict[UserId, list[Passkey]] = {}

    async def list_of(self, actor: Actor, user_id: UserId) -> PasskeysOutcome:
        return self.of.get(user_id, [])

    async def remove(self, actor: Actor, user_id: UserId, passkey_id: str, reason: str) -> RemovalOutcome:
        kept = [key for key in self.of.get(user_id, []) if key.id != passkey_id]
        found = [key for key in self.of.get(user_id, []) if key.id == passkey_id]
        if not found:
            return PasskeyKept(PasskeyRefusal.NO_SUCH_PASSKEY)
        if not kept:
            return PasskeyKept(PasskeyRefusal.LAST_FACTOR)
        self.of[user_id] = kept
        return found[0]


def a_passkey(user: User, name: str, number: int) -> Passkey:
    return Passkey(
        tenant_id=user.tenant_id,
        id=f"key-{number}",
        user_id=user.id,
        rp_id="localhost",
        credential_id=bytes([number]),
        public_key=b"",
        sign_count=0,
        aaguid="",
        name=name,
        created_at=NOW,
    )
