"""The code step by a passkey instead of a code.

What the browser gets to ask is the same for everybody: whether the person exists, has a passkey, or typed the right
password shows in nothing.
"""

from broker.model.passkeys import ChallengePurpose
from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User
from broker.ports import PasskeyRejected, Transaction
from broker.secret import Secret
from broker.signin.ceremonies import PasskeyProven
from broker.signin.completion import visitor_of
from broker.signin.factors import PASSKEY
from broker.signin.inputs import hash_cookie
from broker.signin.parts import SigninParts
from broker.signin.passkey_rules import refuse_signin
from broker.signin.records import CodeOutcome, PasskeyAttempt, PasskeyQuestion, Refused, Throttled

OVER = Refused(may_retry=False)


class PasskeyStep:
    """Two calls: what to ask the browser, and what its answer is worth."""

    def __init__(self, parts: SigninParts) -> None:
        self._parts = parts

    async def ask(self, token: Secret, hostname: str) -> PasskeyQuestion | Refused:
        """For whoever holds the cookie of a sign-in, whatever its password step came to."""
        async with self._parts.store.write() as tx:
            pending = await find_pending(tx, token)
            if pending is None:
                return OVER
            ceremony = self._parts.ceremonies.begin(
                pending.tenant_id, hostname, pending.token_hash, ChallengePurpose.SIGN_IN
            )
            return PasskeyQuestion(await self._parts.ceremonies.ask_key(tx, ceremony)) if ceremony else OVER

    async def submit(self, attempt: PasskeyAttempt) -> CodeOutcome:
        async with self._parts.store.write() as tx:
            pending = await find_pending(tx, attempt.pending)
            if pending is None:
                return OVER
            until = await self._parts.throttles.block_begun(tx, visitor_of(pending, attempt), pending.created_at)
            if until is not None:
                return Throttled(until)
            user = await person_of(tx, pending)
            proof = await self._prove(tx, pending, user, attempt)
            return await self._decide(tx, pending, user, attempt, proof)

    async def _prove(
        self, tx: Transaction, pending: PendingSignin, user: User | None, attempt: PasskeyAttempt
    ) -> PasskeyProven | PasskeyRejected:
        ceremony = self._parts.ceremonies.begin(
            pending.tenant_id, attempt.hostname, pending.token_hash, ChallengePurpose.SIGN_IN
        )
        if ceremony is None:
            return PasskeyRejected(SigninRefusal.PASSKEY_UNKNOWN)
        return await self._parts.ceremonies.check_key(tx, ceremony, user, attempt.answer)

    async def _decide(
        self,
        tx: Transaction,
        pending: PendingSignin,
        user: User | None,
        attempt: PasskeyAttempt,
        proof: PasskeyProven | PasskeyRejected,
    ) -> CodeOutcome:
        completion, limit = self._parts.completion, self._parts.settings.max_codes_per_attempt
        if cause := refuse_signin(pending, user, now=tx.now, max_codes=limit):
            return await completion.refuse(tx, pending, attempt, cause)
        match proof:
            case PasskeyRejected(cause=cause):
                return await completion.refuse(tx, pending, attempt, cause)
            case _ if user is None:
                return await completion.refuse(tx, pending, attempt, SigninRefusal.UNKNOWN_USER)
            case PasskeyProven():
                if not await self._parts.ceremonies.use(tx, proof):
                    return await completion.refuse(tx, pending, attempt, SigninRefusal.PASSKEY_COUNTER)
                return await completion.succeed(tx, pending, user, attempt, factor=PASSKEY)


async def find_pending(tx: Transaction, token: Secret) -> PendingSignin | None:
    """The sign-in behind a cookie."""
    token_hash = hash_cookie(token)
    return None if token_hash is None else await tx.signin.get_pending(token_hash)


async def person_of(tx: Transaction, pending: PendingSignin) -> User | None:
    return await tx.people.get_user(pending.tenant_id, pending.user_id) if pending.user_id else None
