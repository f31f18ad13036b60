"""Enrolment of the first authenticator app: by password alone only from networks that the site trusts."""

import msgspec

from broker.model.enrolment import TotpEnrolment
from broker.model.ids import TenantId
from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User
from broker.ports import FactorAccepted, FactorRejected, SecondFactor, Store, Transaction
from broker.secret import SealingKey, Secret
from broker.settings import SigninSettings
from broker.signin.app_offer import describe_app
from broker.signin.completion import Completion, visitor_of
from broker.signin.enrol_places import EnrolPlaces, may_enrol_from
from broker.signin.factors import TOTP
from broker.signin.inputs import hash_cookie, read_totp_code
from broker.signin.notices import note_change
from broker.signin.proving import totp_purpose
from broker.signin.records import CodeAttempt, CodeOutcome, EnrolmentOffer, Refused, Throttled
from broker.signin.recovery import new_hashed_codes
from broker.signin.rules import LoginFacts, RefuseLogin, decide_enrolment, refuse_attempt
from broker.signin.throttles import Throttles


def enrolment_purpose(tenant_id: TenantId, login: str) -> str:
    """Under which purpose the secret is sealed that a sign-in in progress offers."""
    return f"enrol:{tenant_id}:{login}"


def _purpose(pending: PendingSignin) -> str:
    return enrolment_purpose(pending.tenant_id, pending.login)


class EnrolmentStep:
    """Offers a secret, and stores it for good once a code made from it was typed."""

    def __init__(
        self,
        store: Store,
        factor: SecondFactor,
        sealing: SealingKey,
        settings: SigninSettings,
        throttles: Throttles,
        completion: Completion,
        places: EnrolPlaces,
    ) -> None:
        self._store = store
        self._factor = factor
        self._sealing = sealing
        self._settings = settings
        self._throttles = throttles
        self._completion = completion
        self._places = places

    async def offer(self, token: Secret) -> EnrolmentOffer | Refused:
        """The secret of this sign-in: made at the first call, the same at each further one."""
        token_hash = hash_cookie(token)
        if token_hash is None:
            return Refused(may_retry=False)
        async with self._store.write() as tx:
            pending = await tx.signin.get_pending(token_hash)
            if pending is None or not pending.must_enrol or pending.user_id is None:
                return Refused(may_retry=False)
            user = await tx.people.get_user(pending.tenant_id, pending.user_id)
            limit = self._settings.max_codes_per_attempt
            if user is None or refuse_attempt(pending, user, now=tx.now, max_codes=limit):
                return Refused(may_retry=False)
            return describe_app(self._factor, self._settings.issuer, user, await self._secret_of(tx, pending))

    async def confirm(self, attempt: CodeAttempt) -> CodeOutcome:
        token_hash = hash_cookie(attempt.pending)
        if token_hash is None:
            return Refused(may_retry=False)
        async with self._store.write() as tx:
            pending = await tx.signin.get_pending(token_hash)
            if pending is None:
                return Refused(may_retry=False)
            until = await self._throttles.block_begun(tx, visitor_of(pending, attempt), pending.created_at)
            if until is not None:
                return Throttled(until)
            return await self._decide(tx, pending, attempt)

    async def _decide(self, tx: Transaction, pending: PendingSignin, attempt: CodeAttempt) -> CodeOutcome:
        user = await tx.people.get_user(pending.tenant_id, pending.user_id) if pending.user_id else None
        sealed = pending.enrolment_secret
        secret = self._sealing.open(_purpose(pending), sealed) if sealed else None
        facts = LoginFacts(
            now=tx.now,
            pending=pending,
            max_codes=self._settings.max_codes_per_attempt,
            user=user,
            proof=self._prove(secret, attempt.code, tx) if secret else None,
            may_enrol_here=pending.may_enrol_anywhere or may_enrol_from(attempt.arrival, self._places),
        )
        decision = decide_enrolment(facts)
        if isinstance(decision, RefuseLogin):
            drift = decision.drift_steps
            more = {"drift_steps": str(drift)} if drift is not None else {}
            return await self._completion.refuse(tx, pending, attempt, decision.cause, more)
        if user is None or secret is None:
            return await self._completion.refuse(tx, pending, attempt, SigninRefusal.NOT_ENROLLED)
        return await self._enrol(tx, pending, user, secret, attempt, step=decision.step)

    async def _enrol(
        self,
        tx: Transaction,
        pending: PendingSignin,
        user: User,
        secret: Secret,
        attempt: CodeAttempt,
        *,
        step: int,
    ) -> CodeOutcome:
        enrolment = TotpEnrolment(
            tenant_id=user.tenant_id,
            user_id=user.id,
            secret=self._sealing.seal(totp_purpose(user.tenant_id, user.id), secret),
            # The code that confirms is used up by it.
            last_step=step,
            confirmed_at=tx.now,
        )
        codes, hashes = new_hashed_codes(self._sealing, user)
        await tx.factors.hold_factors(user.tenant_id, user.id)
        # In between, a passkey may have become the person's first factor in another browser.
        has_key = bool(await tx.factors.list_passkeys(user.tenant_id, user.id))
        if has_key or not await tx.signin.add_enrolment(enrolment, hashes):
            # Another browser was faster: its app is the person's now, and this offer is void.
            more = {"fault": "already enrolled"}
            return await self._completion.refuse(tx, pending, attempt, SigninRefusal.ATTEMPT_EXPIRED, more)
        outcome = await self._completion.succeed(tx, pending, user, attempt, factor=TOTP)
        if isinstance(outcome, Refused):
            return outcome
        address = visitor_of(pending, attempt).address
        await note_change(tx, user, address, "factor.enrolled", {"factor": TOTP})
        enrolled = msgspec.structs.replace(user, is_enrolled=True)
        return msgspec.structs.replace(outcome, user=enrolled, recovery_codes=codes)

    def _prove(self, secret: Secret, code: str, tx: Transaction) -> FactorAccepted | FactorRejected:
        typed = read_totp_code(code)
        return self._factor.verify(secret, typed, now=tx.now) if typed else FactorRejected()

    async def _secret_of(self, tx: Transaction, pending: PendingSignin) -> Secret:
        if pending.enrolment_secret is not None:
            return self._sealing.open(_purpose(pending), pending.enrolment_secret)
        secret = self._factor.new_secret()
        sealed = self._sealing.seal(_purpose(pending), secret)
        await tx.signin.update_pending(msgspec.structs.replace(pending, enrolment_secret=sealed))
        return secret
