"""The code step: an authenticator app's code or a recovery code, on top of a password that passed."""

from typing import Final

import msgspec

from broker.model.ids import UserId
from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User
from broker.ports import Store, Transaction
from broker.settings import SigninSettings
from broker.signin import trail
from broker.signin.completion import Completion, visitor_of
from broker.signin.factors import RECOVERY, TOTP
from broker.signin.inputs import hash_cookie
from broker.signin.proving import CodeProver
from broker.signin.records import CodeAttempt, CodeOutcome, MustChangePassword, MustEnrol, Refused, SignedIn, Throttled
from broker.signin.rules import AcceptRecovery, AcceptStep, LoginFacts, RefuseLogin, decide_login
from broker.signin.throttles import Throttles

_NOBODY: Final = UserId("")


class CodeStep:
    """Checks a code and signs the person in, in one transaction."""

    def __init__(
        self,
        store: Store,
        prover: CodeProver,
        settings: SigninSettings,
        throttles: Throttles,
        completion: Completion,
    ) -> None:
        self._store = store
        self._prover = prover
        self._settings = settings
        self._throttles = throttles
        self._completion = completion

    async def submit(self, attempt: CodeAttempt) -> CodeOutcome | MustEnrol:
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
            if await self._prover.redeem(tx, pending, attempt.code) is not None:
                visitor = visitor_of(pending, attempt)
                await tx.audit.append(trail.code_redeemed(pending, visitor.address))
                return MustEnrol(attempt.pending)
            return await self._decide(tx, pending, attempt)

    async def _decide(self, tx: Transaction, pending: PendingSignin, attempt: CodeAttempt) -> CodeOutcome:
        user_id = pending.user_id or _NOBODY
        user = await tx.people.get_user(pending.tenant_id, user_id)
        proof = await self._prover.prove(tx, pending.tenant_id, user_id, user, attempt.code)
        facts = LoginFacts(
            now=tx.now, pending=pending, max_codes=self._settings.max_codes_per_attempt, user=user, proof=proof
        )
        refuse = self._completion.refuse
        match decide_login(facts):
            case RefuseLogin(cause, drift_steps):
                more = {"drift_steps": str(drift_steps)} if drift_steps is not None else {}
                return await refuse(tx, pending, attempt, cause, more)
            case _ if user is None:
                return await refuse(tx, pending, attempt, SigninRefusal.UNKNOWN_USER)
            case AcceptStep(step):
                # A code counts once, on whichever node: the swap decides, not the check before it.
                if not await tx.signin.advance_totp_step(user.tenant_id, user.id, step):
                    return await refuse(tx, pending, attempt, SigninRefusal.CODE_REPLAYED)
                return await self._completion.succeed(tx, pending, user, attempt, factor=TOTP)
            case AcceptRecovery(code_hash):
                if not await tx.signin.use_recovery_code(user.tenant_id, user.id, code_hash):
                    return await refuse(tx, pending, attempt, SigninRefusal.RECOVERY_CODE_UNKNOWN)
                return await self._recover(tx, pending, user, attempt)

    async def _recover(
        self, tx: Transaction, pending: PendingSignin, user: User, attempt: CodeAttempt
    ) -> SignedIn | MustChangePassword | Refused:
        outcome = await self._completion.succeed(tx, pending, user, attempt, factor=RECOVERY)
        if isinstance(outcome, Refused):
            return outcome
        left = await tx.signin.count_recovery_codes(user.tenant_id, user.id)
        address = visitor_of(pending, attempt).address
        await tx.audit.append(trail.of_user(user, "recovery_code.used", address, {"left": str(left)}))
        if isinstance(outcome, MustChangePassword):
            return outcome
        return msgspec.structs.replace(outcome, used_recovery_code=True)
