"""Local accounts as the IT desk keeps them: made, given a one-time password, disabled, enabled, deleted.

A login belongs to a directory or to a local account, never to both: a local one must not come between a person and
their directory, nor a directory's entry take over what a local one has.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Protocol

import msgspec

from broker.account import trail
from broker.account.records import (
    AccountChanged,
    AccountOrder,
    AccountRefusal,
    AccountRefused,
    AccountRow,
    NoSuchAccount,
    PasswordGiven,
)
from broker.account.rules import new_password, refuse_order
from broker.account_settings import LocalAccountSettings
from broker.model.accounts import LocalAccount, login_key_of
from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId, new_id
from broker.model.reasons import EndReason, SigninRefusal
from broker.model.records import User
from broker.model.text import clean_reason
from broker.people.rules import refuse_change
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import DirectoryReader, DirectoryUnavailable, PasswordHasher, PersonGone, Store, Transaction
from broker.secret import Secret

_UNKNOWN: Final = PersonGone(SigninRefusal.UNKNOWN_USER)

AddOutcome = PasswordGiven | AccountRefused | NotAllowed
GiveOutcome = PasswordGiven | AccountRefused | NoSuchAccount | NotAllowed
ChangeOutcome = AccountChanged | AccountRefused | NoSuchAccount | NotAllowed
Found = tuple[LocalAccount, User]


class SessionsOfPerson(Protocol):
    async def end_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None: ...


class _LoginTaken(Exception):
    """Takes back what the transaction wrote."""


class AccountService:
    """``directories``: who else may know a login; a tenant that is not named has none."""

    def __init__(
        self,
        store: Store,
        hasher: PasswordHasher,
        directories: Mapping[TenantId, DirectoryReader],
        sessions: SessionsOfPerson,
        settings: Mapping[TenantId, LocalAccountSettings],
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._directories = directories
        self._sessions = sessions
        self._settings = settings

    async def list_all(self, actor: Actor) -> list[AccountRow] | NotAllowed:
        """By login."""
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        async with self._store.read() as tx:
            accounts = await tx.accounts.list_all(actor.tenant_id)
            users = await tx.people.get_users(actor.tenant_id, [account.user_id for account in accounts])
            return [AccountRow(account, users[account.user_id], account.stands(tx.now)) for account in accounts]

    async def emergencies(self, tenant_id: TenantId) -> list[LocalAccount]:
        """Emergency administrators that could sign in now: every page of the console says so."""
        async with self._store.read() as tx:
            return await tx.accounts.list_emergencies(tenant_id)

    async def add(self, actor: Actor, order: AccountOrder) -> AddOutcome:
        """A new account with a one-time password, unless somebody else may be known by the login."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        async with self._store.read() as tx:
            why = refuse_order(actor, order, now=tx.now)
        if why is None:
            why = await self._ask_directories(actor.tenant_id, order.login)
        if why is not None:
            return AccountRefused(why)
        password = new_password()
        password_hash = await self._hasher.hash(password)
        try:
            async with self._store.write() as tx:
                account = await self._add(tx, actor, order, password_hash)
        except _LoginTaken:
            return AccountRefused(AccountRefusal.LOGIN_TAKEN)
        return _given(account, password)

    async def give_password(self, actor: Actor, user_id: UserId, reason: str) -> GiveOutcome:
        """A new one-time password; the old password and every signed-in browser end."""
        password = new_password()
        password_hash = await self._hasher.hash(password)
        async with self._store.write() as tx:
            found = await self._admit(tx, actor, user_id, reason)
            if not isinstance(found, tuple):
                return found
            before, user = found
            # The emergency's needs no passkey and is nobody's: its password is given at the broker's host alone.
            if before.is_emergency:
                return AccountRefused(AccountRefusal.STATE_CHANGED)
            after = msgspec.structs.replace(
                before,
                password_hash=password_hash,
                must_change=True,
                password_set_at=tx.now,
                one_time_until=tx.now + self._one_time(before.tenant_id),
            )
            if not await tx.accounts.swap(before, after):
                return AccountRefused(AccountRefusal.STATE_CHANGED)
            await tx.signin.remove_web_sessions_of(user.tenant_id, user.id)
            await tx.audit.append(trail.by_actor(actor, before, "local_account.password_given", reason))
        return _given(after, password)

    async def enable(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        async with self._store.write() as tx:
            found = await self._admit(tx, actor, user_id, reason)
            if not isinstance(found, tuple):
                return found
            before, user = found
            # An emergency ends for good: another one begins at the broker's host, with another password.
            if before.is_emergency or before.has_expired(tx.now) or not before.is_disabled:
                return AccountRefused(AccountRefusal.STATE_CHANGED)
            if not await tx.accounts.swap(before, msgspec.structs.replace(before, is_disabled=False)):
                return AccountRefused(AccountRefusal.STATE_CHANGED)
            await tx.people.put_user(msgspec.structs.replace(user, left_at=None))
            await tx.audit.append(trail.by_actor(actor, before, "local_account.enabled", reason))
        return AccountChanged(user.id, user.login)

    async def disable(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        """Sign-ins and sessions end at once."""
        return await self._shut(actor, user_id, reason, is_deleted=False)

    async def delete(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        """For good: password and factors are forgotten, the login stays reserved, the audit keeps who it was."""
        return await self._shut(actor, user_id, reason, is_deleted=True)

    async def _shut(self, actor: Actor, user_id: UserId, reason: str, *, is_deleted: bool) -> ChangeOutcome:
        async with self._store.write() as tx:
            found = await self._admit(tx, actor, user_id, reason)
            if not isinstance(found, tuple):
                return found
            before, user = found
            if before.is_disabled and not is_deleted:
                return AccountRefused(AccountRefusal.STATE_CHANGED)
            after = msgspec.structs.replace(before, is_disabled=True)
            if is_deleted:
                after = msgspec.structs.replace(after, is_deleted=True, password_hash="")
                await tx.signin.remove_enrolment(user.tenant_id, user.id)
            if not await tx.accounts.swap(before, after):
                return AccountRefused(AccountRefusal.STATE_CHANGED)
            await tx.people.mark_left(user.tenant_id, user.id)
            await tx.signin.remove_web_sessions_of(user.tenant_id, user.id)
            event = "local_account.deleted" if is_deleted else "local_account.disabled"
            await tx.audit.append(trail.by_actor(actor, before, event, reason))
        await self._sessions.end_all_of(user.tenant_id, user.id, EndReason.TERMINATED)
        return AccountChanged(user.id, user.login)

    async def _admit(
        self, tx: Transaction, actor: Actor, user_id: UserId, reason: str
    ) -> Found | AccountRefused | NoSuchAccount | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        account = await tx.accounts.get(actor.tenant_id, user_id)
        user = await tx.people.get_user(actor.tenant_id, user_id)
        if account is None or user is None or account.is_deleted:
            return NoSuchAccount()
        if refusal := refuse_change(actor, user):
            return refusal
        return (account, user) if clean_reason(reason) else AccountRefused(AccountRefusal.REASON_MISSING)

    async def _ask_directories(self, tenant_id: TenantId, login: str) -> AccountRefusal | None:
        directory = self._directories.get(tenant_id)
        if directory is None:
            return None
        spellings = sorted({login, login_key_of(login)})
        answer = await directory.look_up(spellings)
        if isinstance(answer, DirectoryUnavailable) or any(each not in answer for each in spellings):
            return AccountRefusal.DIRECTORY_SILENT
        is_known = any(answer[each] != _UNKNOWN for each in spellings)
        return AccountRefusal.IN_DIRECTORY if is_known else None

    async def _add(self, tx: Transaction, actor: Actor, order: AccountOrder, password_hash: str) -> LocalAccount:
        if await tx.accounts.find_namesakes(actor.tenant_id, order.login):
            raise _LoginTaken
        user = await tx.people.put_user(
            User(
                tenant_id=actor.tenant_id,
                id=UserId(new_id()),
                login=order.login,
                display_name=order.display_name,
                department=order.department,
                groups=order.groups,
                roles=order.roles,
            )
        )
        account = LocalAccount(
            tenant_id=user.tenant_id,
            user_id=user.id,
            login=user.login,
            login_key=login_key_of(user.login),
            password_hash=password_hash,
            must_change=True,
            one_time_until=tx.now + self._one_time(user.tenant_id),
            password_set_at=tx.now,
            expires_at=order.expires_at,
            created_by=actor.name,
            created_at=tx.now,
        )
        if not await tx.accounts.add(account):
            raise _LoginTaken
        more = {"roles": ", ".join(sorted(order.roles)), "group_names": ", ".join(sorted(order.groups))}
        told = {name: text for name, text in more.items() if text}
        await tx.audit.append(trail.by_actor(actor, account, "local_account.added", order.reason, told))
        return account

    def _one_time(self, tenant_id: TenantId) -> timedelta:
        return timedelta(seconds=self._settings.get(tenant_id, LocalAccountSettings()).one_time_s)


def _given(account: LocalAccount, password: Secret) -> PasswordGiven:
    until = account.one_time_until or account.password_set_at
    return PasswordGiven(user_id=account.user_id, login=account.login, password=password, until=until)
