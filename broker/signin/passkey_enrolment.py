"""A passkey as first factor: by the same rule as the authenticator app, with recovery codes as there."""

import msgspec

from broker.model.passkeys import ChallengePurpose
from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User
from broker.ports import PasskeyRejected, Transaction
from broker.secret import SealingKey, Secret
from broker.signin.ceremonies import Ceremony
from broker.signin.completion import visitor_of
from broker.signin.enrol_places import may_enrol_from
from broker.signin.factors import PASSKEY
from broker.signin.notices import note_change
from broker.signin.parts import SigninParts
from broker.signin.passkey_rules import name_key, refuse_first_key
from broker.signin.passkey_step import OVER, find_pending, person_of
from broker.signin.records import CodeOutcome, PasskeyAttempt, PasskeyQuestion, Refused, Throttled
from broker.signin.recovery import new_hashed_codes


class PasskeyEnrolment:
    """Two calls: what to ask the browser, and storing the key that its authenticator made."""

    def __init__(self, parts: SigninParts, sealing: SealingKey) -> None:
        self._parts = parts
        self._sealing = sealing

    async def ask(self, token: Secret, hostname: str) -> PasskeyQuestion | Refused:
        """For somebody whose password passed and who has no factor yet."""
        async with self._parts.store.write() as tx:
            pending = await find_pending(tx, token)
            user = await person_of(tx, pending) if pending else None
            ceremony = self._begin(pending, hostname) if pending else None
            if pending is None or user is None or ceremony is None:
                return OVER
            limit = self._parts.settings.max_codes_per_attempt
            if refuse_first_key(pending, user, now=tx.now, max_codes=limit, may_enrol_here=True):
                return OVER
            return PasskeyQuestion(await self._parts.ceremonies.ask_new(tx, ceremony, user))

    async def confirm(self, attempt: PasskeyAttempt) -> CodeOutcome:
        async with self._parts.store.write() as tx:
            pending = await find_pending(tx, attempt.pending)
            if pending is None:
                return OVER
            until = await self._parts.throttles.block_begun(tx, visitor_of(pending, attempt), pending.created_at)
            if until is not None:
                return Throttled(until)
            return await self._decide(tx, pending, attempt)

    async def _decide(self, tx: Transaction, pending: PendingSignin, attempt: PasskeyAttempt) -> CodeOutcome:
        refuse = self._parts.completion.refuse
        if pending.user_id is not None:
            await tx.factors.hold_factors(pending.tenant_id, pending.user_id)
        user = await person_of(tx, pending)
        is_here = pending.may_enrol_anywhere or may_enrol_from(attempt.arrival, self._parts.places)
        limit = self._parts.settings.max_codes_per_attempt
        if cause := refuse_first_key(pending, user, now=tx.now, max_codes=limit, may_enrol_here=is_here):
            return await refuse(tx, pending, attempt, cause)
        ceremony = self._begin(pending, attempt.hostname)
        if user is None or ceremony is None:
            return await refuse(tx, pending, attempt, SigninRefusal.PASSKEY_UNKNOWN)
        if user.is_enrolled:
            # Another browser was faster: its factor is the person's now.
            return await refuse(tx, pending, attempt, SigninRefusal.ATTEMPT_EXPIRED, {"fault": "already enrolled"})
        return await self._enrol(tx, pending, user, attempt, ceremony)

    async def _enrol(
        self, tx: Transaction, pending: PendingSignin, user: User, attempt: PasskeyAttempt, ceremony: Ceremony
    ) -> CodeOutcome:
        refuse = self._parts.completion.refuse
        name = name_key(attempt.name)
        made = await self._parts.ceremonies.check_new(tx, ceremony, user, attempt.answer, name=name)
        if isinstance(made, PasskeyRejected):
            return await refuse(tx, pending, attempt, made.cause)
        if not await tx.factors.add_passkey(made):
            return await refuse(tx, pending, attempt, SigninRefusal.PASSKEY_UNKNOWN)
        codes, hashes = new_hashed_codes(self._sealing, user)
        await tx.factors.replace_recovery_codes(user.tenant_id, user.id, hashes)
        outcome = await self._parts.completion.succeed(tx, pending, user, attempt, factor=PASSKEY)
        if isinstance(outcome, Refused):
            return outcome
        await note_change(
            tx, user, visitor_of(pending, attempt).address, "factor.enrolled", {"factor": PASSKEY, "name": name}
        )
        enrolled = msgspec.structs.replace(user, is_enrolled=True)
        return msgspec.structs.replace(outcome, user=enrolled, recovery_codes=codes)

    def _begin(self, pending: PendingSignin, hostname: str) -> Ceremony | None:
        return self._parts.ceremonies.begin(pending.tenant_id, hostname, pending.token_hash, ChallengePurpose.ENROL)
