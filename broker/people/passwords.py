"""People's own passwords: the page before a sign-in ends, the one from the portal, and the warning beforehand."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Protocol

import msgspec

from broker.model.ids import TenantId, UserId
from broker.model.passwords import PasswordPolicy
from broker.model.reasons import EndReason
from broker.model.records import User
from broker.ports import DirectoryUnavailable, PasswordChanger, Store
from broker.secret import Secret
from broker.settings import SigninSettings
from broker.signin.changing import PasswordChanging
from broker.signin.records import (
    Authenticated,
    CantChange,
    ChangeAttempt,
    ChangeOutcome,
    OwnChange,
    OwnChangeOutcome,
    OwnPasswordChanged,
    SignedIn,
    StepUpMissing,
)
from broker.signin.stepping_up import is_fresh


class SessionsOfPerson(Protocol):
    """A person's sessions on desktops."""

    async def disconnect_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None: ...


class RulesShown(msgspec.Struct, frozen=True, kw_only=True):
    """Whose password it is, and what it has to be like as far as the directory tells."""

    user: User
    policy: PasswordPolicy


class PasswordDesk:
    """``keeping``: tenants whose desktops stay connected when a password changes."""

    def __init__(
        self,
        store: Store,
        changing: PasswordChanging,
        changers: Mapping[TenantId, PasswordChanger],
        sessions: SessionsOfPerson,
        settings: SigninSettings,
        keeping: Collection[TenantId] = (),
    ) -> None:
        self._store = store
        self._changing = changing
        self._changers = changers
        self._sessions = sessions
        self._settings = settings
        self._keeping = keeping

    async def show_pending(self, token: Secret) -> RulesShown | None:
        """For the page after the second factor; None: the token opens nothing."""
        user = await self._changing.find_pending(token)
        return None if user is None else await self._rules_of(user)

    async def show_own(self, auth: Authenticated) -> RulesShown | StepUpMissing | CantChange:
        """For the page of the portal."""
        if not self.can_change(auth):
            return CantChange()
        async with self._store.read() as tx:
            age_s = self._settings.password_change_factor_age_s
            if not is_fresh(auth.session.factor_at, max_age_s=age_s, now=tx.now):
                return StepUpMissing()
        return await self._rules_of(auth.user)

    async def finish(self, attempt: ChangeAttempt) -> ChangeOutcome:
        """The password, changed because it had to be; the sign-in ends with it."""
        outcome = await self._changing.finish(attempt)
        if isinstance(outcome, SignedIn):
            await self._disconnect(outcome.user)
        return outcome

    async def change_own(self, auth: Authenticated, wish: OwnChange) -> OwnChangeOutcome:
        outcome = await self._changing.change_own(auth, wish)
        if isinstance(outcome, OwnPasswordChanged):
            await self._disconnect(auth.user)
        return outcome

    def can_change(self, auth: Authenticated) -> bool:
        """Whether this tenant's passwords are changed here."""
        return auth.user.tenant_id in self._changers

    async def days_left(self, auth: Authenticated) -> int | None:
        """Whole days until the password runs out, when that is soon enough to be told."""
        ends_at = auth.session.password_ends_at
        if ends_at is None or not self.can_change(auth):
            return None
        async with self._store.read() as tx:
            left = ends_at - tx.now
        soon = timedelta(days=self._settings.password_warning_days)
        return max(0, left.days) if left <= soon else None

    async def _rules_of(self, user: User) -> RulesShown:
        changer = self._changers.get(user.tenant_id)
        policy = None if changer is None else await changer.read_policy(user.login)
        known = PasswordPolicy() if policy is None or isinstance(policy, DirectoryUnavailable) else policy
        return RulesShown(user=user, policy=known)

    async def _disconnect(self, user: User) -> None:
        if user.tenant_id not in self._keeping:
            await self._sessions.disconnect_all_of(user.tenant_id, user.id, EndReason.SIGNED_OUT)
