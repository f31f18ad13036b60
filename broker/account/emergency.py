"""The emergency administrator (break-glass): begun at the broker's host alone, over by itself."""

from datetime import timedelta
from typing import Final

import msgspec

from broker.account import trail
from broker.account.records import AccountRefusal, AccountRefused, EmergencyBegun
from broker.account.rules import MAX_EMERGENCY_HOURS, new_password
from broker.errors import StoreConflict
from broker.model.accounts import LocalAccount, login_key_of
from broker.model.actor import Actor
from broker.model.enrolment import TotpEnrolment
from broker.model.ids import UserId, new_id
from broker.model.kinds import Role
from broker.model.records import User
from broker.model.text import clean_reason
from broker.policy.administration import Action, NotAllowed
from broker.ports import PasswordHasher, SecondFactor, Store, Transaction
from broker.secret import SealingKey, Secret
from broker.signin.inputs import refuse_login
from broker.signin.proving import totp_purpose

EMERGENCY_LOGIN: Final = "emergency-admin"
_NAME: Final = "緊急用管理者"


class EmergencyDesk:
    """Needs the database and the sealing key, and neither a directory nor a broker that runs."""

    def __init__(
        self, store: Store, hasher: PasswordHasher, factor: SecondFactor, sealing: SealingKey, issuer: str
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._factor = factor
        self._sealing = sealing
        self._issuer = issuer

    async def begin(
        self, actor: Actor, *, login: str, hours: float, reason: str
    ) -> EmergencyBegun | AccountRefused | NotAllowed:
        """Make or re-enable it with a new password and a new authenticator app; what was open under it ends.

        Only who is at the broker's host may: neither a console session nor the API is enough.
        """
        if not actor.is_at_host:
            return NotAllowed(Action.CHANGE_PEOPLE)
        if why := _refuse(login, hours, reason):
            return AccountRefused(why)
        password, secret = new_password(), self._factor.new_secret()
        password_hash = await self._hasher.hash(password)
        async with self._store.write() as tx:
            account = await self._open(tx, actor, login, timedelta(hours=hours), password_hash)
            if account is None or account.expires_at is None:
                return AccountRefused(AccountRefusal.LOGIN_TAKEN)
            await self._enrol(tx, account, secret)
            more = {"until": account.expires_at.isoformat()}
            await tx.audit.append(trail.by_actor(actor, account, "break_glass.begun", reason, more))
        text = secret.reveal()
        return EmergencyBegun(
            login=account.login,
            password=password,
            text_key=" ".join(text[start : start + 4] for start in range(0, len(text), 4)),
            uri=self._factor.provisioning_uri(secret, account=account.login, issuer=self._issuer),
            expires_at=account.expires_at,
        )

    async def _open(
        self, tx: Transaction, actor: Actor, login: str, span: timedelta, password_hash: str
    ) -> LocalAccount | None:
        """None: the login belongs to somebody."""
        before = await tx.accounts.find(actor.tenant_id, login)
        others = await tx.accounts.find_namesakes(actor.tenant_id, login)
        if before is None and others:
            return None
        if before is not None and (not before.is_emergency or before.is_deleted or others != [before.user_id]):
            return None
        user = await self._put_user(tx, actor, before.login if before else login)
        account = LocalAccount(
            tenant_id=user.tenant_id,
            user_id=user.id,
            login=user.login,
            login_key=login_key_of(user.login),
            password_hash=password_hash,
            must_change=False,
            password_set_at=tx.now,
            is_emergency=True,
            expires_at=tx.now + span,
            created_by=actor.name,
            created_at=tx.now,
        )
        if before is None:
            stored = account if await tx.accounts.add(account) else None
        else:
            stored = await tx.accounts.swap(before, msgspec.structs.replace(account, created_at=before.created_at))
        if stored is None:
            raise StoreConflict("another emergency began at the same time")
        return stored

    async def _put_user(self, tx: Transaction, actor: Actor, login: str) -> User:
        user = User(
            tenant_id=actor.tenant_id,
            id=UserId(new_id()),
            login=login,
            display_name=_NAME,
            department="",
            groups=frozenset(),
            roles=frozenset({Role.SYSTEM_ADMIN}),
        )
        stored = await tx.people.put_user(user)
        await tx.people.set_locked(stored.tenant_id, stored.id, False)
        return stored

    async def _enrol(self, tx: Transaction, account: LocalAccount, secret: Secret) -> None:
        await tx.factors.hold_factors(account.tenant_id, account.user_id)
        await tx.signin.remove_web_sessions_of(account.tenant_id, account.user_id)
        await tx.signin.remove_enrolment(account.tenant_id, account.user_id)
        enrolment = TotpEnrolment(
            tenant_id=account.tenant_id,
            user_id=account.user_id,
            secret=self._sealing.seal(totp_purpose(account.tenant_id, account.user_id), secret),
            last_step=0,
            confirmed_at=tx.now,
        )
        await tx.signin.add_enrolment(enrolment, [])


class EndingWatch:
    """Ends accounts whose time has come, whichever broker is first. To be looked at every few seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def look(self) -> int:
        """How many ended."""
        async with self._store.read() as tx:
            due = await tx.accounts.list_ended(tx.now)
        ended = 0
        for account in due:
            async with self._store.write() as tx:
                if await tx.accounts.swap(account, msgspec.structs.replace(account, is_disabled=True)):
                    await tx.people.mark_left(account.tenant_id, account.user_id)
                    count = await tx.signin.remove_web_sessions_of(account.tenant_id, account.user_id)
                    await tx.audit.append(trail.ended(account, count))
                    ended += 1
        return ended


def _refuse(login: str, hours: float, reason: str) -> AccountRefusal | None:
    if refuse_login(login) or any(sign.isspace() for sign in login):
        return AccountRefusal.LOGIN_INVALID
    if not 0 < hours <= MAX_EMERGENCY_HOURS:
        return AccountRefusal.HOURS_INVALID
    return None if clean_reason(reason) else AccountRefusal.REASON_MISSING
