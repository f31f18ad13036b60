"""A person's passkeys in the hands of the IT desk: seen, and taken away one by one when a key is lost."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId
from broker.model.passkeys import FactorNotice, Passkey
from broker.model.reasons import EndReason
from broker.model.records import User
from broker.model.text import clean_reason
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.people.rules import refuse_change
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import AuditEntry, Store, Transaction


class PasskeyRefusal(StrEnum):
    """Why a passkey was not taken away."""

    NO_SUCH_PASSKEY = "no_such_passkey"
    LAST_FACTOR = "last_factor"
    """The person's only factor: then the desk resets all of them, after checking who they are."""


class PasskeyKept(msgspec.Struct, frozen=True):
    code: PasskeyRefusal


PasskeysOutcome = Sequence[Passkey] | NotAllowed | NoSuchPerson
RemovalOutcome = Passkey | PasskeyKept | NotAllowed | NoSuchPerson | ReasonMissing


class SessionsOfPerson(Protocol):
    async def disconnect_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None: ...


class PasskeyShelf:
    """Nobody handles their own keys here, nor those of an administrator above them."""

    def __init__(self, store: Store, sessions: SessionsOfPerson) -> None:
        self._store = store
        self._sessions = sessions

    async def list_of(self, actor: Actor, user_id: UserId) -> PasskeysOutcome:
        """The oldest first."""
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        async with self._store.read() as tx:
            user = await tx.people.get_user(actor.tenant_id, user_id)
            return NoSuchPerson() if user is None else await tx.factors.list_passkeys(user.tenant_id, user.id)

    async def remove(self, actor: Actor, user_id: UserId, passkey_id: str, reason: str) -> RemovalOutcome:
        """From now on the key signs nobody in. Whoever it signed in is signed out, desktops are disconnected and keep
        the work."""
        outcome = await self._try_to_remove(actor, user_id, passkey_id, reason)
        if isinstance(outcome, Passkey):
            await self._sessions.disconnect_all_of(outcome.tenant_id, outcome.user_id, EndReason.SIGNED_OUT)
        return outcome

    async def _try_to_remove(self, actor: Actor, user_id: UserId, passkey_id: str, reason: str) -> RemovalOutcome:
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        async with self._store.write() as tx:
            user = await tx.people.get_user(actor.tenant_id, user_id)
            if user is None:
                return NoSuchPerson()
            if refusal := refuse_change(actor, user):
                detail = {"action": refusal.action.value, "reason": clean_reason(reason)}
                await tx.audit.append(_entry(actor, user, "policy.denied", detail, outcome="refused"))
                return refusal
            if not clean_reason(reason):
                return ReasonMissing()
            return await self._remove(tx, actor, user, passkey_id, clean_reason(reason))

    async def _remove(self, tx: Transaction, actor: Actor, user: User, passkey_id: str, reason: str) -> RemovalOutcome:
        await tx.factors.hold_factors(user.tenant_id, user.id)
        keys = await tx.factors.list_passkeys(user.tenant_id, user.id)
        key = next((key for key in keys if key.id == passkey_id), None)
        if key is None:
            return PasskeyKept(PasskeyRefusal.NO_SUCH_PASSKEY)
        if len(keys) == 1 and await tx.signin.get_enrolment(user.tenant_id, user.id) is None:
            return PasskeyKept(PasskeyRefusal.LAST_FACTOR)
        await tx.factors.remove_passkey(user.tenant_id, user.id, key.id)
        count = await tx.signin.remove_web_sessions_of(user.tenant_id, user.id)
        detail = {"factor": "passkey", "name": key.name, "reason": reason, "web_sessions": str(count)}
        await tx.audit.append(_entry(actor, user, "factor.removed", detail))
        await tx.factors.put_notice(
            FactorNotice(
                tenant_id=user.tenant_id,
                user_id=user.id,
                what="factor.removed",
                name=key.name,
                at=tx.now,
                address=actor.address,
            )
        )
        return key


def _entry(actor: Actor, user: User, event: str, detail: dict[str, str], *, outcome: str = "ok") -> AuditEntry:
    return AuditEntry(
        tenant_id=user.tenant_id,
        event=event,
        actor=actor.name,
        subject=f"user:{user.id}",
        outcome=outcome,
        address=actor.address,
        detail=detail,
    )
