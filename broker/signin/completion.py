"""The end of a sign-in, whichever way it goes: one transaction holds the change and its line in the audit."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User
from broker.ports import Transaction
from broker.secret import hash_token, new_token
from broker.settings import SigninSettings
from broker.signin import trail
from broker.signin.records import CodeAttempt, MustChangePassword, PasskeyAttempt, Refused, SignedIn
from broker.signin.throttles import Throttles
from broker.signin.visitor import Visitor
from broker.signin.websessions import WebSessions

_FINAL = frozenset({SigninRefusal.ATTEMPT_EXPIRED, SigninRefusal.TOO_MANY_CODES})


def visitor_of(pending: PendingSignin, attempt: CodeAttempt | PasskeyAttempt) -> Visitor:
    return Visitor(tenant_id=pending.tenant_id, login=pending.login, arrival=attempt.arrival)


class Completion:
    """Ends sign-ins inside the caller's transaction."""

    def __init__(self, settings: SigninSettings, throttles: Throttles, sessions: WebSessions) -> None:
        self._settings = settings
        self._throttles = throttles
        self._sessions = sessions

    async def succeed(
        self, tx: Transaction, pending: PendingSignin, user: User, attempt: CodeAttempt | PasskeyAttempt, *, factor: str
    ) -> SignedIn | MustChangePassword | Refused:
        """Consume the attempt and begin a session. The proof has been used up before.

        Nobody gets in by a password that has to be changed: then the attempt goes on under a new token.
        """
        if pending.must_change and pending.factor is None:
            return await self._go_on(tx, pending, user, attempt, factor)
        if not await tx.signin.consume_pending(pending.token_hash):
            return Refused(may_retry=False)
        await tx.people.mark_signed_in(user.tenant_id, user.id)
        # What the attempt had cost: itself, and every wrong code after the first.
        cost = max(1, pending.code_failures)
        mark = await self._throttles.forgive(tx, visitor_of(pending, attempt), count=cost)
        signed_in = await self._sessions.begin(
            tx,
            user,
            factor=factor,
            arrival=attempt.arrival,
            user_agent=attempt.user_agent,
            password_ends_at=pending.password_ends_at,
        )
        session = signed_in.session
        detail = {"login": user.login, "factor": factor, "origin": session.origin.value}
        detail |= {"entrance": session.entrance, "certificate": session.certificate.value}
        if session.device_id is not None:
            detail["device"] = session.device_id
        await tx.audit.append(trail.of_person(session, "signin.succeeded", detail))
        return msgspec.structs.replace(signed_in, browser_mark=mark)

    async def _go_on(
        self, tx: Transaction, pending: PendingSignin, user: User, attempt: CodeAttempt | PasskeyAttempt, factor: str
    ) -> MustChangePassword | Refused:
        if not await tx.signin.consume_pending(pending.token_hash):
            return Refused(may_retry=False)
        token = new_token()
        after = msgspec.structs.replace(
            pending,
            token_hash=hash_token(token),
            factor=factor,
            must_enrol=False,
            enrolment_secret=None,
            code_failures=0,
            expires_at=tx.now + timedelta(seconds=self._settings.pending_limit_s),
        )
        await tx.signin.add_pending(after)
        await tx.audit.append(trail.change_demanded(after, factor, visitor_of(pending, attempt).address))
        return MustChangePassword(pending=token, user=user)

    async def refuse(
        self,
        tx: Transaction,
        pending: PendingSignin,
        attempt: CodeAttempt | PasskeyAttempt,
        cause: SigninRefusal,
        more: Mapping[str, str] | None = None,
    ) -> Refused:
        """Count a refused code, the same way for every cause. The attempt's first one was counted with the password."""
        visitor = visitor_of(pending, attempt)
        await tx.audit.append(trail.refused(pending, cause, visitor.address, more or {}))
        failures = pending.code_failures + 1
        if pending.code_failures:
            await self._throttles.count(tx, visitor)
        if cause in _FINAL or failures >= self._settings.max_codes_per_attempt:
            await tx.signin.consume_pending(pending.token_hash)
            return Refused(may_retry=False)
        await tx.signin.update_pending(msgspec.structs.replace(pending, code_failures=failures))
        return Refused(may_retry=True)
