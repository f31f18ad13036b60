"""A person's second factors in the hands of the IT desk: seen, reset, and a one-time code to enrol from outside.

Whoever calls and says that their phone is gone may be anybody. So each measure asks what was checked, and the audit
keeps it.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId
from broker.model.reasons import EndReason
from broker.model.records import User
from broker.model.text import clean_reason
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.people.rules import refuse_change
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import AuditEntry, Store, Transaction
from broker.secret import SealingKey, Secret
from broker.signin.enrolment_codes import new_enrolment_code

CODE_LIVES: Final = timedelta(hours=24)


class IdentityCheck(StrEnum):
    """How the desk made sure that it is this person."""

    EMPLOYEE_CARD = "employee_card"
    """They stood there with their card (職員証)."""
    CALLBACK = "callback"
    """Called back under the extension that the books know (内線折り返し)."""
    SUPERVISOR = "supervisor"
    """Their superior confirmed it (上司確認)."""


class FactorOrder(msgspec.Struct, frozen=True, kw_only=True):
    checked: IdentityCheck | None
    reason: str


class IdentityUnchecked(msgspec.Struct, frozen=True):
    """Nobody said how the person was recognised."""


class AlreadyEnrolled(msgspec.Struct, frozen=True):
    """A code to enrol is for somebody without any factor: reset them first."""


class FactorList(msgspec.Struct, frozen=True, kw_only=True):
    """What a person can prove themselves by. ``code_until``: when the code to enrol ends that was given out."""

    user: User
    app_since: datetime | None
    passkeys: int
    recovery_codes_left: int
    code_until: datetime | None


class CodeGiven(msgspec.Struct, frozen=True, kw_only=True):
    """To be told to the person and shown once: only its hash is kept."""

    user: User
    code: Secret
    until: datetime


Refusal = NotAllowed | NoSuchPerson | ReasonMissing | IdentityUnchecked


class SessionsOfPerson(Protocol):
    async def disconnect_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None: ...


class FactorDesk:
    """Nobody handles their own factors here, nor those of an administrator above them."""

    def __init__(self, store: Store, sealing: SealingKey, sessions: SessionsOfPerson) -> None:
        self._store = store
        self._sealing = sealing
        self._sessions = sessions

    async def list_of(self, actor: Actor, user_id: UserId) -> FactorList | NotAllowed | NoSuchPerson:
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        async with self._store.read() as tx:
            user = await tx.people.get_user(actor.tenant_id, user_id)
            if user is None:
                return NoSuchPerson()
            app = await tx.signin.get_enrolment(user.tenant_id, user.id)
            return FactorList(
                user=user,
                app_since=app.confirmed_at if app else None,
                passkeys=len(await tx.factors.list_passkeys(user.tenant_id, user.id)),
                recovery_codes_left=await tx.signin.count_recovery_codes(user.tenant_id, user.id),
                code_until=await tx.signin.enrolment_code_until(user.tenant_id, user.id),
            )

    async def reset(self, actor: Actor, user_id: UserId, order: FactorOrder) -> User | Refusal:
        """Forget app, passkeys and recovery codes. What was signed in by them ends; the work stays."""
        async with self._store.write() as tx:
            user = await self._admit(tx, actor, user_id, order)
            if not isinstance(user, User):
                return user
            # A browser that adds one in this very moment: it comes before, or finds its session gone.
            await tx.factors.hold_factors(user.tenant_id, user.id)
            was_enrolled = await tx.signin.remove_enrolment(user.tenant_id, user.id)
            await tx.signin.remove_enrolment_code(user.tenant_id, user.id)
            count = await tx.signin.remove_web_sessions_of(user.tenant_id, user.id)
            more = {"was_enrolled": str(was_enrolled).lower(), "websessions": str(count)}
            await tx.audit.append(_entry(actor, user, "factor.reset", order, more))
        await self._sessions.disconnect_all_of(user.tenant_id, user.id, EndReason.SIGNED_OUT)
        return msgspec.structs.replace(user, is_enrolled=False)

    async def give_code(
        self, actor: Actor, user_id: UserId, order: FactorOrder
    ) -> CodeGiven | AlreadyEnrolled | Refusal:
        """A one-time code: with it and the password they enrol from wherever they are. An earlier one ends."""
        code = new_enrolment_code()
        async with self._store.write() as tx:
            user = await self._admit(tx, actor, user_id, order)
            if not isinstance(user, User):
                return user
            if user.is_enrolled:
                return AlreadyEnrolled()
            until = tx.now + CODE_LIVES
            await tx.signin.put_enrolment_code(user.tenant_id, user.id, code.hash_by(self._sealing, user), until)
            await tx.audit.append(_entry(actor, user, "enrolment_code.given", order, {"until": until.isoformat()}))
        return CodeGiven(user=user, code=code.written, until=until)

    async def _admit(self, tx: Transaction, actor: Actor, user_id: UserId, order: FactorOrder) -> User | Refusal:
        """The person, if this actor may handle their factors; a refusal is audited."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        user = await tx.people.get_user(actor.tenant_id, user_id)
        if user is None:
            return NoSuchPerson()
        if refusal := refuse_change(actor, user):
            detail = {"action": refusal.action.value}
            await tx.audit.append(_entry(actor, user, "policy.denied", order, detail, outcome="refused"))
            return refusal
        if not clean_reason(order.reason):
            return ReasonMissing()
        return user if order.checked is not None else IdentityUnchecked()


def _entry(
    actor: Actor, user: User, event: str, order: FactorOrder, more: dict[str, str], *, outcome: str = "ok"
) -> AuditEntry:
    checked = {"identity_check": order.checked.value} if order.checked else {}
    return AuditEntry(
        tenant_id=user.tenant_id,
        event=event,
        actor=actor.name,
        subject=f"user:{user.id}",
        outcome=outcome,
        address=actor.address,
        detail={"login": user.login, "reason": clean_reason(order.reason), **checked, **more},
    )
