"""Showing a second factor again, inside a session: for pools and changes that want a fresh one.

One mechanism for all of them: it sets the session's ``factor_at``, and whoever asks for a fresh factor looks there.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from broker.model.arrival import Arrival
from broker.model.passkeys import ChallengePurpose
from broker.model.reasons import SigninRefusal
from broker.model.records import User, WebSession
from broker.ports import FactorAccepted, FactorRejected, PasskeyRejected, Store, Transaction
from broker.signin import trail
from broker.signin.ceremonies import Ceremonies, Ceremony
from broker.signin.factors import PASSKEY, RECOVERY, TOTP
from broker.signin.proving import CodeProver
from broker.signin.records import Authenticated, PasskeyQuestion, SteppedUp, StepUpOutcome, StepUpRefused, Throttled
from broker.signin.rules import RecoveryTyped
from broker.signin.throttles import Throttles
from broker.signin.visitor import Visitor

FRESH_S: Final = 600
"""How old a second factor may be where a change of one's own factors, or an approval, wants a fresh one."""


def is_fresh(factor_at: datetime | None, *, max_age_s: int, now: datetime) -> bool:
    """Whether a factor was shown lately. Not known when, or in the future: no."""
    return factor_at is not None and timedelta(0) <= now - factor_at <= timedelta(seconds=max_age_s)


class StepUp:
    """Every try counts before its outcome is known, in the same throttles as a sign-in."""

    def __init__(self, store: Store, prover: CodeProver, throttles: Throttles, ceremonies: Ceremonies) -> None:
        self._store = store
        self._prover = prover
        self._throttles = throttles
        self._ceremonies = ceremonies

    async def by_code(self, auth: Authenticated, code: str) -> StepUpOutcome:
        """By the app's code or a recovery code."""
        async with self._store.write() as tx:
            visitor = visitor_inside(auth)
            until = await self._throttles.admit(tx, visitor)
            if until is not None:
                return Throttled(until)
            found = await find_standing(tx, auth)
            if found is None:
                return StepUpRefused()
            session, user = found
            shown = await self._use_code(tx, session, user, code)
            if isinstance(shown, SigninRefusal):
                await tx.audit.append(trail.step_up_refused(auth.session, shown))
                return StepUpRefused()
            return await self.complete(tx, session, visitor, factor=shown)

    async def ask_passkey(self, auth: Authenticated, hostname: str) -> PasskeyQuestion | StepUpRefused:
        """What to ask the browser."""
        async with self._store.write() as tx:
            ceremony = self._begin(auth, hostname)
            if ceremony is None:
                return StepUpRefused()
            return PasskeyQuestion(await self._ceremonies.ask_key(tx, ceremony))

    async def by_passkey(self, auth: Authenticated, hostname: str, answer: str) -> StepUpOutcome:
        async with self._store.write() as tx:
            visitor = visitor_inside(auth)
            until = await self._throttles.admit(tx, visitor)
            if until is not None:
                return Throttled(until)
            found, ceremony = await find_standing(tx, auth), self._begin(auth, hostname)
            if found is None or ceremony is None:
                return StepUpRefused()
            session, user = found
            cause = await self._use_key(tx, ceremony, user, answer)
            if cause is not None:
                await tx.audit.append(trail.step_up_refused(auth.session, cause))
                return StepUpRefused()
            return await self.complete(tx, session, visitor, factor=PASSKEY)

    async def _use_key(self, tx: Transaction, ceremony: Ceremony, user: User, answer: str) -> SigninRefusal | None:
        proven = await self._ceremonies.check_key(tx, ceremony, user, answer)
        if isinstance(proven, PasskeyRejected):
            return proven.cause
        return None if await self._ceremonies.use(tx, proven) else SigninRefusal.PASSKEY_COUNTER

    def _begin(self, auth: Authenticated, hostname: str) -> Ceremony | None:
        session = auth.session
        return self._ceremonies.begin(session.tenant_id, hostname, session.token_hash, ChallengePurpose.STEP_UP)

    async def complete(
        self, tx: Transaction, session: WebSession, visitor: Visitor, *, factor: str
    ) -> SteppedUp | StepUpRefused:
        """The factor was shown and used up: the session is fresh from now on. One that has shown a passkey stays so."""
        kept = PASSKEY if session.factor == PASSKEY else factor
        if not await tx.signin.mark_stepped_up(session.token_hash, kept, before=session.factor_at):
            return StepUpRefused()
        await self._throttles.take_back(tx, visitor, count=1)
        after = msgspec.structs.replace(session, factor=kept, factor_at=tx.now, address=visitor.address)
        await tx.audit.append(trail.of_person(after, "signin.stepped_up", {"factor": factor}))
        return SteppedUp(after)

    async def _use_code(self, tx: Transaction, session: WebSession, user: User, code: str) -> str | SigninRefusal:
        demanded = user.roles & self._ceremonies.required_roles(user.tenant_id)
        if demanded and session.factor == PASSKEY:
            # What their roles do wants the key itself to be fresh; a code is no replacement for it.
            return SigninRefusal.PASSKEY_REQUIRED
        match await self._prover.prove(tx, user.tenant_id, user.id, user, code):
            case FactorAccepted(step):
                is_new = await tx.signin.advance_totp_step(user.tenant_id, user.id, step)
                return TOTP if is_new else SigninRefusal.CODE_REPLAYED
            case RecoveryTyped(code_hash):
                is_unused = await tx.signin.use_recovery_code(user.tenant_id, user.id, code_hash)
                return RECOVERY if is_unused else SigninRefusal.RECOVERY_CODE_UNKNOWN
            case FactorRejected():
                return SigninRefusal.WRONG_CODE
            case None:
                return SigninRefusal.NOT_ENROLLED


def visitor_inside(auth: Authenticated) -> Visitor:
    """Who tries, as the throttles know them at the door."""
    session = auth.session
    known = Arrival(entrance=session.entrance, address=session.address, place=session.place)
    arrival = auth.arrival or known
    return Visitor(tenant_id=auth.user.tenant_id, login=auth.user.login, arrival=arrival)


async def find_standing(tx: Transaction, auth: Authenticated) -> tuple[WebSession, User] | None:
    """The session and the person as they are in this transaction; None: signed out or shut out since."""
    session = await tx.signin.get_web_session(auth.session.token_hash)
    user = await tx.people.get_user(auth.user.tenant_id, auth.user.id)
    if session is None or user is None or user.is_shut_out:
        return None
    return session, user
