"""Passwords of local accounts, beside a tenant's directories or without any."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from auth.password_rules import refuse_new_password, rules_of
from broker.account_settings import LocalAccountSettings
from broker.model.accounts import LocalAccount
from broker.model.ids import TenantId
from broker.model.passwords import NewPasswordFault, PasswordPolicy
from broker.model.reasons import SigninRefusal
from broker.model.records import User
from broker.ports import (
    ChangeAnswer,
    DirectoryPerson,
    DirectoryUnavailable,
    NewPasswordRefused,
    OldPasswordRefused,
    PasswordAccepted,
    PasswordChanged,
    PasswordHasher,
    PasswordRejected,
    PersonGone,
    PersonStands,
    Standing,
    Store,
)
from broker.secret import Secret
from broker.signin.inputs import refuse_login, refuse_password

_BUSY: Final = DirectoryUnavailable("too many passwords are being checked")
_THREE: Final = 3
Found = tuple[LocalAccount, User]


class LocalAccounts:
    """A :class:`broker.ports.Authenticator` and :class:`broker.ports.DirectoryReader` of one tenant's local accounts.

    A name that nobody has costs the same slow hash as one that somebody has, as long as there is an account at all.
    """

    def __init__(
        self,
        store: Store,
        hasher: PasswordHasher,
        tenant_id: TenantId,
        settings: LocalAccountSettings | None = None,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._tenant_id = tenant_id
        self._settings = settings or LocalAccountSettings()

    async def find(self, login: str) -> Found | None:
        """By any spelling of the login, also one that was deleted."""
        async with self._store.read() as tx:
            account = await tx.accounts.find(self._tenant_id, login)
            user = await tx.people.get_user(self._tenant_id, account.user_id) if account else None
        return (account, user) if account and user else None

    async def verify(
        self, login: str, password: Secret, *, is_known: bool = False
    ) -> PasswordAccepted | PasswordRejected | DirectoryUnavailable:
        del is_known  # nothing locks a local account but the throttle before it
        if refusal := refuse_login(login) or refuse_password(password):
            return PasswordRejected(refusal)
        found = await self.find(login)
        if found is None:
            await self.spend_time(password, always=True)
            return PasswordRejected(SigninRefusal.UNKNOWN_USER)
        return await self.check(found, password)

    async def check(self, found: Found, password: Secret) -> PasswordAccepted | PasswordRejected | DirectoryUnavailable:
        """The cause is told to the audit; outside every refusal takes the same time."""
        account, user = found
        is_right = await self._hasher.verify(account.password_hash, password)
        if is_right is None:
            return _BUSY
        async with self._store.read() as tx:
            now = tx.now
        if account.is_deleted:
            return PasswordRejected(SigninRefusal.UNKNOWN_USER)
        # Like a directory: that an account is shut counts whatever the password is.
        if shut := _shut(account, now):
            return PasswordRejected(shut)
        if not is_right:
            return PasswordRejected(SigninRefusal.WRONG_PASSWORD)
        if account.one_time_until is not None and now >= account.one_time_until:
            return PasswordRejected(SigninRefusal.PASSWORD_EXPIRED)
        if self._hasher.is_outdated(account.password_hash):
            await self._hash_again(account, password)
        return PasswordAccepted(_person(user), must_change=account.must_change)

    async def change(self, found: Found, old: Secret, new: Secret) -> ChangeAnswer:
        """By proof of the old one. The rules are the tenant's; the one-time password ends with it."""
        account, user = found
        outcome = await self.check(found, old)
        if isinstance(outcome, DirectoryUnavailable):
            return outcome
        if isinstance(outcome, PasswordRejected):
            return OldPasswordRefused(outcome.cause)
        async with self._store.read() as tx:
            rules = rules_of(await tx.people.get_tenant(self._tenant_id), self._settings)
        fault = await asyncio.to_thread(refuse_new_password, new.reveal(), user, rules)
        if fault is None and new == old:
            fault = NewPasswordFault.USED_BEFORE
        if fault is not None:
            return NewPasswordRefused(fault)
        password_hash = await self._hasher.hash(new)
        async with self._store.write() as tx:
            # As it is now: the check above may have hashed the old one again.
            before = await tx.accounts.get(account.tenant_id, account.user_id)
            if before is None or before.password_set_at != account.password_set_at:
                return OldPasswordRefused(SigninRefusal.WRONG_PASSWORD)
            after = msgspec.structs.replace(
                before, password_hash=password_hash, must_change=False, one_time_until=None, password_set_at=tx.now
            )
            is_stored = await tx.accounts.swap(before, after) is not None
        return PasswordChanged() if is_stored else OldPasswordRefused(SigninRefusal.WRONG_PASSWORD)

    def policy(self) -> PasswordPolicy:
        """What the page says beforehand."""
        return PasswordPolicy(min_length=self._settings.min_length, needs_kinds=self._settings.min_kinds >= _THREE)

    async def spend_time(self, password: Secret, *, always: bool = False) -> None:
        """As long as a check takes, for a name that is not local. Where nobody is local it gives nothing away."""
        if not always:
            async with self._store.read() as tx:
                always = await tx.accounts.has_any(self._tenant_id)
        if always:
            await self._hasher.verify("", password)

    async def look_up(self, logins: Sequence[str]) -> dict[str, Standing]:
        """Of those that are local; the others are left out."""
        told: dict[str, Standing] = {}
        async with self._store.read() as tx:
            for login in logins:
                account = await tx.accounts.find(self._tenant_id, login)
                user = await tx.people.get_user(self._tenant_id, account.user_id) if account else None
                if account is None or user is None:
                    continue
                shut = _shut(account, tx.now)
                told[login] = PersonStands(_person(user)) if shut is None else PersonGone(shut)
        return told

    async def _hash_again(self, account: LocalAccount, password: Secret) -> None:
        """By the parameters of now. Somebody else who was faster has changed more than that."""
        password_hash = await self._hasher.hash(password)
        async with self._store.write() as tx:
            await tx.accounts.swap(account, msgspec.structs.replace(account, password_hash=password_hash))


def _shut(account: LocalAccount, now: datetime) -> SigninRefusal | None:
    if account.has_expired(now):
        return SigninRefusal.ACCOUNT_EXPIRED
    return SigninRefusal.ACCOUNT_DISABLED if account.is_disabled or account.is_deleted else None


def _person(user: User) -> DirectoryPerson:
    return DirectoryPerson(
        login=user.login,
        display_name=user.display_name,
        department=user.department,
        groups=user.groups,
        roles=user.roles,
    )
