"""The password step. Outside it looks the same whether the password passed or not."""

from collections.abc import Collection, Mapping
from datetime import timedelta

import msgspec

from broker.model.ids import TenantId, UserId, new_id
from broker.model.records import PendingSignin, Tenant, User
from broker.model.text import clean_text
from broker.ports import (
    Authenticator,
    DirectoryPerson,
    DirectoryUnavailable,
    PasswordAccepted,
    PasswordRejected,
    Store,
    Transaction,
)
from broker.secret import Secret, hash_token, new_token
from broker.settings import SigninSettings
from broker.signin import trail
from broker.signin.enrol_places import EnrolPlaces, may_enrol_from
from broker.signin.inputs import MAX_USER_AGENT, clean_login, refuse_login, refuse_password
from broker.signin.records import (
    DirectoryDown,
    MustEnrol,
    NeedFactor,
    PasswordAttempt,
    PasswordOutcome,
    Throttled,
    UnknownTenant,
)
from broker.signin.rules import (
    AskCode,
    AskEnrolment,
    PasswordFacts,
    RefuseLater,
    decide_password,
)
from broker.signin.throttles import Throttles
from broker.signin.visitor import Visitor


class PasswordStep:
    """Throttle, then directory, then a pending sign-in."""

    def __init__(
        self,
        store: Store,
        authenticators: Mapping[TenantId, Authenticator],
        settings: SigninSettings,
        throttles: Throttles,
        enrol_places: EnrolPlaces,
        changers: Collection[TenantId] = (),
    ) -> None:
        self._store = store
        self._authenticators = authenticators
        self._settings = settings
        self._throttles = throttles
        self._enrol_places = enrol_places
        self._changers = changers

    async def submit(self, attempt: PasswordAttempt) -> PasswordOutcome:
        # Counted before the directory is asked: a hundred guesses at the same time are a hundred.
        async with self._store.write() as tx:
            tenant = await tx.people.find_tenant_by_hostname(attempt.hostname)
            if tenant is None:
                return UnknownTenant()
            visitor = Visitor(tenant_id=tenant.id, login=clean_login(attempt.login), arrival=attempt.arrival)
            until = await self._throttles.admit(tx, visitor)
            is_known = until is None and await self._throttles.is_known(tx, visitor)
        if until is not None:
            return Throttled(until)
        verdict = await self._ask_directory(tenant, attempt, is_known=is_known)
        async with self._store.write() as tx:
            if isinstance(verdict, DirectoryUnavailable):
                # What a server may have counted towards its own lock counts here as well.
                if not verdict.is_password_sent:
                    await self._throttles.take_back(tx, visitor, count=1)
                await tx.audit.append(trail.directory_silent(tenant.id, visitor.login, visitor.address, verdict.detail))
                return DirectoryDown()
            return await self._record(tx, visitor, attempt, verdict)

    async def _ask_directory(
        self, tenant: Tenant, attempt: PasswordAttempt, *, is_known: bool
    ) -> PasswordAccepted | PasswordRejected | DirectoryUnavailable:
        if refusal := refuse_login(attempt.login) or refuse_password(attempt.password):
            return PasswordRejected(refusal)
        authenticator = self._authenticators.get(tenant.id)
        if authenticator is None:
            return DirectoryUnavailable("the tenant has no directory")
        return await authenticator.verify(attempt.login, attempt.password, is_known=is_known)

    async def _record(
        self, tx: Transaction, visitor: Visitor, attempt: PasswordAttempt, verdict: PasswordAccepted | PasswordRejected
    ) -> NeedFactor | MustEnrol:
        user = await self._store_person(tx, visitor, verdict)
        decision = decide_password(
            PasswordFacts(
                verdict=verdict,
                user=user,
                is_enrolled=None if user is None else user.is_enrolled,
                may_enrol_here=may_enrol_from(attempt.arrival, self._enrol_places),
                can_change=visitor.tenant_id in self._changers,
            )
        )
        token = new_token()
        pending = self._pending(tx, visitor, user, token, attempt.user_agent, decision)
        if isinstance(verdict, PasswordAccepted):
            pending = msgspec.structs.replace(
                pending, must_change=verdict.must_change, password_ends_at=verdict.ends_at
            )
        await tx.signin.add_pending(pending)
        await tx.audit.append(
            trail.password_checked(pending, "refused" if isinstance(decision, RefuseLater) else "passed")
        )
        return MustEnrol(token) if isinstance(decision, AskEnrolment) else NeedFactor(token)

    async def _store_person(
        self, tx: Transaction, visitor: Visitor, verdict: PasswordAccepted | PasswordRejected
    ) -> User | None:
        match verdict:
            case PasswordAccepted(person):
                return await tx.people.put_user(_user_of(visitor.tenant_id, person))
            case PasswordRejected():
                # As many statements as above: the time that this takes must not tell them apart.
                await self._throttles.rewrite(tx, visitor)
                return await tx.people.find_user(visitor.tenant_id, visitor.login)

    def _pending(
        self,
        tx: Transaction,
        visitor: Visitor,
        user: User | None,
        token: Secret,
        user_agent: str,
        decision: AskCode | AskEnrolment | RefuseLater,
    ) -> PendingSignin:
        return PendingSignin(
            token_hash=hash_token(token),
            tenant_id=visitor.tenant_id,
            login=visitor.login,
            user_id=user.id if user else None,
            password_refusal=decision.cause.value if isinstance(decision, RefuseLater) else None,
            must_enrol=isinstance(decision, AskEnrolment),
            enrolment_secret=None,
            code_failures=0,
            address=visitor.address,
            user_agent=clean_text(user_agent, MAX_USER_AGENT),
            created_at=tx.now,
            expires_at=tx.now + timedelta(seconds=self._settings.pending_limit_s),
        )


def _user_of(tenant_id: TenantId, person: DirectoryPerson) -> User:
    return User(
        tenant_id=tenant_id,
        id=UserId(new_id()),
        login=person.login,
        display_name=person.display_name,
        department=person.department,
        groups=person.groups,
        roles=person.roles,
        heads=person.heads,
        manager=person.manager,
    )
