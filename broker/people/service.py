"""People as the IT desk handles them: find, lock, give a new factor, sign out."""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId
from broker.model.reasons import EndReason
from broker.model.records import AuditRecord, User
from broker.model.text import clean_reason, clean_text
from broker.people.records import NoSuchPerson, PersonDetails, PreviousSignin, ReasonMissing
from broker.people.rules import is_about, previous_signin, refuse_change
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import AuditEntry, AuditQuery, Store, Transaction
from broker.secret import Secret
from broker.signin.records import Authenticated
from broker.signin.service import SigninService

_MAX_FOUND: Final = 200
_MAX_TEXT: Final = 100
_RECENT: Final = 50
_LOOKED_THROUGH: Final = 200

ChangeOutcome = User | NotAllowed | NoSuchPerson | ReasonMissing


class SessionsOfPerson(Protocol):
    """A person's sessions on desktops."""

    async def end_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None: ...
    async def disconnect_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None: ...


class PeopleService:
    """Every change is stored with its line in the audit; browsers and desktops follow it."""

    def __init__(self, store: Store, signin: SigninService, sessions: SessionsOfPerson) -> None:
        self._store = store
        self._signin = signin
        self._sessions = sessions

    async def sign_out(self, token: Secret) -> Authenticated | None:
        """End one browser's session; desktops are disconnected and keep the work."""
        ended = await self._signin.sign_out(token)
        if ended is not None:
            await self._disconnect(ended.user)
        return ended

    async def sign_out_everywhere(self, auth: Authenticated) -> int:
        """End all of one's own browsers' sessions; how many there were."""
        user = auth.user
        count = await self._signin.sign_out_everywhere(user.tenant_id, user.id, actor=f"user:{user.id}")
        await self._disconnect(user)
        return count

    async def previous_signin(self, auth: Authenticated) -> PreviousSignin | None:
        """The person's sign-in before the one that this browser holds; None where the audit tells of none."""
        user = auth.user
        async with self._store.read() as tx:
            record = await tx.audit.find_last(
                user.tenant_id, "signin.succeeded", f"user:{user.id}", auth.session.created_at
            )
        return None if record is None else previous_signin(record)

    async def search(self, actor: Actor, text: str) -> list[User] | NotAllowed:
        """People of the actor's municipality by login, name or department; at most 200."""
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        async with self._store.read() as tx:
            return await tx.people.search_users(actor.tenant_id, clean_text(text, _MAX_TEXT), _MAX_FOUND)

    async def details(self, actor: Actor, user_id: UserId) -> PersonDetails | NotAllowed | NoSuchPerson:
        """One person, with what the audit tells of them where the actor may read it."""
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        async with self._store.read() as tx:
            user = await tx.people.get_user(actor.tenant_id, user_id)
            if user is None:
                return NoSuchPerson()
            may_see_audit = refuse_action(actor.roles, Action.SEE_AUDIT) is None
            return PersonDetails(
                user=user,
                recovery_codes_left=await tx.signin.count_recovery_codes(user.tenant_id, user.id),
                recent=await _read_recent(tx, user) if may_see_audit else (),
            )

    async def lock(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        """No sign-in any more; sessions in browsers and on desktops end. Locking again ends what is left."""
        outcome = await self._set_locked(actor, user_id, reason, is_locked=True)
        if isinstance(outcome, User):
            await self._signin.sign_out_everywhere(outcome.tenant_id, outcome.id, actor=actor.name)
            await self._sessions.end_all_of(outcome.tenant_id, outcome.id, EndReason.TERMINATED)
        return outcome

    async def unlock(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return await self._set_locked(actor, user_id, reason, is_locked=False)

    async def end_signins(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        """End every browser's session of somebody else; their desktops are disconnected and keep the work."""
        async with self._store.write() as tx:
            user = await self._admit(tx, actor, user_id, reason)
            if not isinstance(user, User):
                return user
            await tx.audit.append(_entry(actor, user, "user.signed_out", reason))
        await self._signin.sign_out_everywhere(user.tenant_id, user.id, actor=actor.name)
        await self._disconnect(user)
        return user

    async def _set_locked(self, actor: Actor, user_id: UserId, reason: str, *, is_locked: bool) -> ChangeOutcome:
        async with self._store.write() as tx:
            user = await self._admit(tx, actor, user_id, reason)
            if not isinstance(user, User):
                return user
            await tx.people.set_locked(user.tenant_id, user.id, is_locked)
            await tx.audit.append(_entry(actor, user, "user.locked" if is_locked else "user.unlocked", reason))
            return msgspec.structs.replace(user, is_locked=is_locked)

    async def _admit(self, tx: Transaction, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        """The person, if this actor may change them for this reason; a refusal is audited."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        user = await tx.people.get_user(actor.tenant_id, user_id)
        if user is None:
            return NoSuchPerson()
        if refusal := refuse_change(actor, user):
            detail = {"action": refusal.action.value}
            await tx.audit.append(_entry(actor, user, "policy.denied", reason, detail, outcome="refused"))
            return refusal
        return user if clean_reason(reason) else ReasonMissing()

    async def _disconnect(self, user: User) -> None:
        await self._sessions.disconnect_all_of(user.tenant_id, user.id, EndReason.SIGNED_OUT)


async def _read_recent(tx: Transaction, user: User) -> tuple[AuditRecord, ...]:
    found: dict[int, AuditRecord] = {}
    for text in (f"user:{user.id}", user.login):
        for record in await tx.audit.search(user.tenant_id, AuditQuery(text=text, limit=_LOOKED_THROUGH)):
            if is_about(record, user):
                found[record.id] = record
    newest_first = sorted(found.values(), key=lambda record: record.id, reverse=True)
    return tuple(newest_first[:_RECENT])


def _entry(
    actor: Actor, user: User, event: str, reason: str, more: Mapping[str, str] | None = None, *, outcome: str = "ok"
) -> AuditEntry:
    return AuditEntry(
        tenant_id=user.tenant_id,
        event=event,
        actor=actor.name,
        subject=f"user:{user.id}",
        outcome=outcome,
        address=actor.address,
        detail={"reason": clean_reason(reason), **(more or {})},
    )
