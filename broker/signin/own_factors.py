"""What somebody does about their own second factors on the portal (認証方法): all of it wants a fresh factor.

The last factor is never removed: who has none comes in by password alone, or not at all.
"""

from typing import Final

from broker.model.enrolment import TotpEnrolment
from broker.model.passkeys import ChallengePurpose, FactorNotice
from broker.model.records import User, WebSession
from broker.ports import FactorAccepted, PasskeyRejected, SecondFactor, Transaction
from broker.secret import SealingKey
from broker.signin import trail
from broker.signin.app_offer import AppOffers
from broker.signin.ceremonies import Ceremony
from broker.signin.enrol_places import may_enrol_from
from broker.signin.factor_records import (
    CodesGiven,
    FactorChanged,
    FactorDenied,
    FactorOutcome,
    FactorRefusal,
    OwnFactors,
)
from broker.signin.factors import PASSKEY, TOTP
from broker.signin.inputs import read_totp_code
from broker.signin.notices import end_others, note_change, recent_notice
from broker.signin.parts import SigninParts
from broker.signin.passkey_rules import name_key
from broker.signin.proving import totp_purpose
from broker.signin.records import Authenticated, EnrolmentOffer, PasskeyQuestion
from broker.signin.recovery import new_hashed_codes
from broker.signin.stepping_up import FRESH_S, find_standing, is_fresh, visitor_inside

MAX_PASSKEYS: Final = 10


class OwnFactorDesk:
    """Each change is one transaction with its line in the audit and its notice; factors of one person change one
    after the other."""

    def __init__(self, parts: SigninParts, factor: SecondFactor, sealing: SealingKey) -> None:
        self._parts = parts
        self._factor = factor
        self._sealing = sealing
        self._apps = AppOffers(factor, sealing, parts.settings.issuer)

    async def overview(self, auth: Authenticated) -> OwnFactors:
        """Everything about one's own factors; for looking at no fresh factor is asked for."""
        user = auth.user
        async with self._parts.store.read() as tx:
            app = await tx.signin.get_enrolment(user.tenant_id, user.id)
            return OwnFactors(
                app_since=None if app is None else app.confirmed_at,
                passkeys=tuple(await tx.factors.list_passkeys(user.tenant_id, user.id)),
                recovery_codes_left=await tx.signin.count_recovery_codes(user.tenant_id, user.id),
                is_fresh=is_fresh(auth.session.factor_at, max_age_s=FRESH_S, now=tx.now),
                needs_passkey=bool(auth.withheld_roles),
            )

    async def notice(self, auth: Authenticated) -> FactorNotice | None:
        """The last change of the person's factors, unless it was made with this sign-in, for the portal."""
        async with self._parts.store.read() as tx:
            notice = await recent_notice(tx, auth.user)
        return notice if notice is not None and notice.at < auth.session.created_at else None

    async def ask_passkey(self, auth: Authenticated, hostname: str) -> PasskeyQuestion | FactorDenied:
        """What the browser asks an authenticator to make."""
        async with self._parts.store.write() as tx:
            entered = await self._enter(tx, auth)
            if isinstance(entered, FactorDenied):
                return entered
            session, user = entered
            ceremony = self._begin(session, hostname)
            if ceremony is None:
                return FactorDenied(FactorRefusal.NO_PASSKEYS_HERE)
            if refusal := await self._refuse_addition(tx, auth, session, user):
                return FactorDenied(refusal)
            return PasskeyQuestion(await self._parts.ceremonies.ask_new(tx, ceremony, user))

    async def add_passkey(self, auth: Authenticated, hostname: str, answer: str, name: str) -> FactorOutcome:
        async with self._parts.store.write() as tx:
            entered = await self._enter(tx, auth)
            if isinstance(entered, FactorDenied):
                return entered
            session, user = entered
            ceremony = self._begin(session, hostname)
            if ceremony is None:
                return FactorDenied(FactorRefusal.NO_PASSKEYS_HERE)
            if refusal := await self._refuse_addition(tx, auth, session, user):
                return FactorDenied(refusal)
            kept = name_key(name)
            made = await self._parts.ceremonies.check_new(tx, ceremony, user, answer, name=kept)
            if isinstance(made, PasskeyRejected):
                await tx.audit.append(trail.factor_refused(session, made.cause))
                return FactorDenied(FactorRefusal.PASSKEY_REFUSED)
            if not await tx.factors.add_passkey(made):
                return FactorDenied(FactorRefusal.ALREADY_THERE)
            await note_change(tx, user, auth.session.address, "factor.added", {"factor": PASSKEY, "name": kept})
            return FactorChanged()

    async def rename_passkey(self, auth: Authenticated, passkey_id: str, name: str) -> FactorOutcome:
        async with self._parts.store.write() as tx:
            entered = await self._enter(tx, auth)
            if isinstance(entered, FactorDenied):
                return entered
            session, user = entered
            keys = await tx.factors.list_passkeys(user.tenant_id, user.id)
            before = next((key for key in keys if key.id == passkey_id), None)
            kept = name_key(name)
            if before is None or not await tx.factors.rename_passkey(before, kept):
                return FactorDenied(FactorRefusal.NO_SUCH_PASSKEY)
            await tx.audit.append(trail.of_person(session, "factor.renamed", {"name": kept, "from": before.name}))
            return FactorChanged()

    async def remove_passkey(self, auth: Authenticated, passkey_id: str) -> FactorOutcome:
        async with self._parts.store.write() as tx:
            entered = await self._enter(tx, auth)
            if isinstance(entered, FactorDenied):
                return entered
            session, user = entered
            keys = await tx.factors.list_passkeys(user.tenant_id, user.id)
            key = next((key for key in keys if key.id == passkey_id), None)
            if key is None:
                return FactorDenied(FactorRefusal.NO_SUCH_PASSKEY)
            app = await tx.signin.get_enrolment(user.tenant_id, user.id)
            asks = bool(user.roles & self._parts.ceremonies.required_roles(user.tenant_id))
            if len(keys) == 1 and (app is None or asks):
                return FactorDenied(FactorRefusal.LAST_FACTOR)
            if asks and session.factor != PASSKEY:
                # A code that was phished takes no keys away either.
                return FactorDenied(FactorRefusal.STEP_UP_NEEDED)
            if not await tx.factors.remove_passkey(user.tenant_id, user.id, key.id):
                return FactorDenied(FactorRefusal.NO_SUCH_PASSKEY)
            await note_change(tx, user, auth.session.address, "factor.removed", {"factor": PASSKEY, "name": key.name})
            await end_others(tx, session)
            return FactorChanged()

    async def offer_app(self, auth: Authenticated) -> EnrolmentOffer | FactorDenied:
        """A new authenticator app, beside passkeys or instead of the one before; the same until it is confirmed."""
        async with self._parts.store.write() as tx:
            entered = await self._enter(tx, auth)
            if isinstance(entered, FactorDenied):
                return entered
            session, user = entered
            before = await tx.signin.get_enrolment(user.tenant_id, user.id)
            return self._apps.describe(user, self._apps.secret_for(session, before))

    async def confirm_app(self, auth: Authenticated, code: str) -> FactorOutcome:
        """The new app shows a code: from now on it counts, and the one before no more."""
        async with self._parts.store.write() as tx:
            entered = await self._enter(tx, auth)
            if isinstance(entered, FactorDenied):
                return entered
            session, user = entered
            before = await tx.signin.get_enrolment(user.tenant_id, user.id)
            secret = self._apps.secret_for(session, before)
            typed = read_totp_code(code)
            proof = self._factor.verify(secret, typed, now=tx.now) if typed else None
            if not isinstance(proof, FactorAccepted):
                return FactorDenied(FactorRefusal.WRONG_CODE)
            enrolment = TotpEnrolment(
                tenant_id=user.tenant_id,
                user_id=user.id,
                secret=self._sealing.seal(totp_purpose(user.tenant_id, user.id), secret),
                # The code that confirms is used up by it.
                last_step=proof.step,
                confirmed_at=tx.now,
            )
            if not await tx.factors.replace_app(enrolment, before=before):
                return FactorDenied(FactorRefusal.STEP_UP_NEEDED)
            await note_change(
                tx,
                user,
                auth.session.address,
                "factor.added" if before is None else "factor.replaced",
                {"factor": TOTP},
            )
            if before is not None:
                await end_others(tx, session)
            return FactorChanged()

    async def remove_app(self, auth: Authenticated) -> FactorOutcome:
        async with self._parts.store.write() as tx:
            entered = await self._enter(tx, auth)
            if isinstance(entered, FactorDenied):
                return entered
            session, user = entered
            if not await tx.factors.list_passkeys(user.tenant_id, user.id):
                return FactorDenied(FactorRefusal.LAST_FACTOR)
            if not await tx.factors.remove_app(user.tenant_id, user.id):
                return FactorDenied(FactorRefusal.NO_APP)
            await note_change(tx, user, auth.session.address, "factor.removed", {"factor": TOTP})
            await end_others(tx, session)
            return FactorChanged()

    async def renew_codes(self, auth: Authenticated) -> CodesGiven | FactorDenied:
        """Ten new recovery codes; the old ones count no more."""
        async with self._parts.store.write() as tx:
            entered = await self._enter(tx, auth)
            if isinstance(entered, FactorDenied):
                return entered
            _session, user = entered
            codes, hashes = new_hashed_codes(self._sealing, user)
            await tx.factors.replace_recovery_codes(user.tenant_id, user.id, hashes)
            await note_change(tx, user, auth.session.address, "recovery_code.renewed", {})
            return CodesGiven(codes)

    async def _enter(self, tx: Transaction, auth: Authenticated) -> tuple[WebSession, User] | FactorDenied:
        """The session and the person as they are now, with nobody else at the person's factors."""
        await tx.factors.hold_factors(auth.user.tenant_id, auth.user.id)
        found = await find_standing(tx, auth)
        if found is None or not is_fresh(found[0].factor_at, max_age_s=FRESH_S, now=tx.now):
            return FactorDenied(FactorRefusal.STEP_UP_NEEDED)
        return found

    def _begin(self, session: WebSession, hostname: str) -> Ceremony | None:
        return self._parts.ceremonies.begin(session.tenant_id, hostname, session.token_hash, ChallengePurpose.ADD)

    async def _refuse_addition(
        self, tx: Transaction, auth: Authenticated, session: WebSession, user: User
    ) -> FactorRefusal | None:
        """The first passkey of an administrator who needs one opens the console: it is enrolled where a first factor
        is, so that a code that was phished does not turn into a key."""
        keys = await tx.factors.list_passkeys(user.tenant_id, user.id)
        if len(keys) >= MAX_PASSKEYS:
            return FactorRefusal.TOO_MANY
        asks = user.roles & self._parts.ceremonies.required_roles(user.tenant_id)
        if asks and session.factor != PASSKEY and not may_enrol_from(visitor_inside(auth).arrival, self._parts.places):
            return FactorRefusal.NOT_HERE
        return None
