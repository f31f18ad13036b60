"""Another password: demanded by the directory before a session begins, or wished by a person who is signed in.

The directory changes it by proof of the old one and by its own rules. It is asked between two transactions: killed
in between, the person is not signed in, the old session stays, and the audit shows that a change had begun.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from broker.model.ids import TenantId
from broker.model.passwords import NewPasswordFault
from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User
from broker.ports import (
    ChangeAnswer,
    DirectoryUnavailable,
    NewPasswordRefused,
    OldPasswordRefused,
    PasswordChanged,
    PasswordChanger,
    Store,
    Transaction,
)
from broker.ports.audit import AuditEntry
from broker.secret import Secret
from broker.settings import SigninSettings
from broker.signin import trail
from broker.signin.completion import Completion
from broker.signin.inputs import hash_cookie, refuse_password
from broker.signin.records import (
    Authenticated,
    CantChange,
    ChangeAttempt,
    ChangeOutcome,
    CodeAttempt,
    DirectoryDown,
    NotTaken,
    OwnChange,
    OwnChangeOutcome,
    OwnPasswordChanged,
    Refused,
    SignedIn,
    StepUpMissing,
    Throttled,
)
from broker.signin.rules import refuse_attempt
from broker.signin.stepping_up import is_fresh, visitor_inside
from broker.signin.throttles import Throttles
from broker.signin.visitor import Visitor
from broker.signin.websessions import WebSessions

Begun = tuple[PendingSignin, User, Visitor]
_ENDED_BY_CHANGE: Final = "password_changed"


class PasswordChanging:
    """Both ways to another password."""

    def __init__(
        self,
        store: Store,
        changers: Mapping[TenantId, PasswordChanger],
        settings: SigninSettings,
        throttles: Throttles,
        completion: Completion,
        sessions: WebSessions,
    ) -> None:
        self._store = store
        self._changers = changers
        self._settings = settings
        self._throttles = throttles
        self._completion = completion
        self._sessions = sessions

    async def find_pending(self, token: Secret) -> User | None:
        """Whose password is to be changed by the holder of this token; None: it opens nothing."""
        token_hash = hash_cookie(token)
        if token_hash is None:
            return None
        async with self._store.read() as tx:
            pending = await tx.signin.get_pending(token_hash)
            return None if pending is None else await self._entitled(tx, pending)

    async def finish(self, attempt: ChangeAttempt) -> ChangeOutcome:
        """The last step of a sign-in whose password has to be changed."""
        async with self._store.write() as tx:
            begun = await self._begin(tx, attempt)
        if not isinstance(begun, tuple):
            return begun
        pending, user, visitor = begun
        answer = await self._ask(user, attempt.old, attempt.new)
        async with self._store.write() as tx:
            await self._note(tx, user, visitor, answer)
            return await self._conclude(tx, pending, user, attempt, answer)

    async def change_own(self, auth: Authenticated, wish: OwnChange) -> OwnChangeOutcome:
        """A signed-in person's own change. Their other browsers' sessions end."""
        user = auth.user
        if user.tenant_id not in self._changers:
            return CantChange()
        visitor = visitor_inside(auth)
        async with self._store.write() as tx:
            age_s = self._settings.password_change_factor_age_s
            if not is_fresh(auth.session.factor_at, max_age_s=age_s, now=tx.now):
                return StepUpMissing()
            until = await self._throttles.admit(tx, visitor)
            if until is not None:
                return Throttled(until)
            await tx.audit.append(trail.of_user(user, "password.change_begun", visitor.address, {}))
        answer = await self._ask(user, wish.old, wish.new)
        async with self._store.write() as tx:
            await self._note(tx, user, visitor, answer)
            return await self._conclude_own(tx, auth, answer)

    async def _begin(self, tx: Transaction, attempt: ChangeAttempt) -> Begun | Refused | Throttled:
        """Count the try before the directory is asked: many at the same time are many."""
        token_hash = hash_cookie(attempt.pending)
        pending = await tx.signin.get_pending(token_hash) if token_hash is not None else None
        user = await self._entitled(tx, pending) if pending is not None else None
        if pending is None or user is None:
            return Refused(may_retry=False)
        visitor = Visitor(tenant_id=pending.tenant_id, login=pending.login, arrival=attempt.arrival)
        until = await self._throttles.admit(tx, visitor)
        if until is not None:
            return Throttled(until)
        await tx.signin.update_pending(msgspec.structs.replace(pending, code_failures=pending.code_failures + 1))
        await tx.audit.append(trail.of_user(user, "password.change_begun", visitor.address, {}))
        return pending, user, visitor

    async def _entitled(self, tx: Transaction, pending: PendingSignin) -> User | None:
        """The person of an attempt that has passed both steps and still counts."""
        if not pending.must_change or pending.factor is None or pending.user_id is None:
            return None
        user = await tx.people.get_user(pending.tenant_id, pending.user_id)
        limit = self._settings.max_codes_per_attempt
        return None if refuse_attempt(pending, user, now=tx.now, max_codes=limit) else user

    async def _ask(self, user: User, old: Secret, new: Secret) -> ChangeAnswer:
        changer = self._changers.get(user.tenant_id)
        if changer is None:
            return DirectoryUnavailable("passwords of this tenant are not changed here")
        if refuse_password(old) is not None:
            return OldPasswordRefused(SigninRefusal.WRONG_PASSWORD)
        if refuse_password(new) is not None:
            return NewPasswordRefused(NewPasswordFault.UNUSABLE)
        if old == new:
            return NewPasswordRefused(NewPasswordFault.USED_BEFORE)
        return await changer.change_password(user.login, old, new)

    async def _note(self, tx: Transaction, user: User, visitor: Visitor, answer: ChangeAnswer) -> None:
        """The audit, and what the try was worth: only an old password that did not pass stays counted."""
        match answer:
            case PasswordChanged():
                entry = trail.of_user(user, "password.changed", visitor.address, {})
            case NewPasswordRefused(fault):
                entry = _refusal(user, visitor, fault.value)
            case OldPasswordRefused(cause):
                entry = _refusal(user, visitor, cause.value)
            case DirectoryUnavailable(detail):
                entry = _refusal(user, visitor, "directory_unavailable", {"fault": detail})
        await tx.audit.append(entry)
        if not isinstance(answer, OldPasswordRefused):
            await self._throttles.take_back(tx, visitor, count=1)

    async def _conclude(
        self, tx: Transaction, pending: PendingSignin, user: User, attempt: ChangeAttempt, answer: ChangeAnswer
    ) -> ChangeOutcome:
        match answer:
            case PasswordChanged():
                return await self._sign_in(tx, pending, user, attempt)
            case OldPasswordRefused():
                may_retry = pending.code_failures + 1 < self._settings.max_codes_per_attempt
                if not may_retry:
                    await tx.signin.consume_pending(pending.token_hash)
                return Refused(may_retry=may_retry)
            case NewPasswordRefused(fault):
                await tx.signin.update_pending(pending)
                return NotTaken(fault)
            case DirectoryUnavailable():
                await tx.signin.update_pending(pending)
                return DirectoryDown()

    async def _sign_in(
        self, tx: Transaction, pending: PendingSignin, user: User, attempt: ChangeAttempt
    ) -> SignedIn | Refused:
        actor = f"user:{user.id}"
        await self._sessions.end_all(tx, user.tenant_id, user.id, actor=actor, reason=_ENDED_BY_CHANGE)
        last = CodeAttempt(pending=attempt.pending, code="", arrival=attempt.arrival, user_agent=attempt.user_agent)
        # What the directory said about the old password's end is over.
        fresh = msgspec.structs.replace(pending, password_ends_at=None)
        outcome = await self._completion.succeed(tx, fresh, user, last, factor=pending.factor or "")
        return outcome if isinstance(outcome, SignedIn) else Refused(may_retry=False)

    async def _conclude_own(self, tx: Transaction, auth: Authenticated, answer: ChangeAnswer) -> OwnChangeOutcome:
        match answer:
            case PasswordChanged():
                user, mine = auth.user, auth.session.token_hash
                await tx.signin.note_password_end(mine, None)
                ended = await self._sessions.end_all(
                    tx, user.tenant_id, user.id, actor=f"user:{user.id}", reason=_ENDED_BY_CHANGE, besides=mine
                )
                return OwnPasswordChanged(ended)
            case OldPasswordRefused():
                return Refused(may_retry=True)
            case NewPasswordRefused(fault):
                return NotTaken(fault)
            case DirectoryUnavailable():
                return DirectoryDown()


def _refusal(user: User, visitor: Visitor, cause: str, more: Mapping[str, str] | None = None) -> AuditEntry:
    detail = {"cause": cause, **(more or {})}
    return trail.of_user(user, "password.change_refused", visitor.address, detail, outcome="refused")
