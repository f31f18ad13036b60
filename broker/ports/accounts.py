"""Local accounts in the store, and how their passwords are hashed."""

from datetime import datetime
from typing import Protocol

from broker.model.accounts import LocalAccount
from broker.model.ids import TenantId, UserId
from broker.secret import Secret


class AccountTx(Protocol):
    """Local accounts inside one transaction."""

    async def find(self, tenant_id: TenantId, login: str) -> LocalAccount | None:
        """By any spelling of the login."""
        ...

    async def get(self, tenant_id: TenantId, user_id: UserId) -> LocalAccount | None: ...

    async def list_all(self, tenant_id: TenantId) -> list[LocalAccount]:
        """By login; those that were deleted are left out."""
        ...

    async def has_any(self, tenant_id: TenantId) -> bool:
        """Whether an account stands that a password could open."""
        ...

    async def list_ended(self, now: datetime) -> list[LocalAccount]:
        """Of every tenant, accounts that expired and were not ended yet."""
        ...

    async def list_emergencies(self, tenant_id: TenantId) -> list[LocalAccount]:
        """Emergency administrators that stand now."""
        ...

    async def find_namesakes(self, tenant_id: TenantId, login: str) -> list[UserId]:
        """People of the books whose login is another spelling of this one, wherever they come from."""
        ...

    async def add(self, account: LocalAccount) -> bool:
        """False when the login is taken, in whatever spelling."""
        ...

    async def swap(self, before: LocalAccount, after: LocalAccount) -> LocalAccount | None:
        """Compare-and-swap by version; None when somebody else was faster."""
        ...


class PasswordHasher(Protocol):
    """A slow hash; its work is not done on the event loop."""

    async def hash(self, password: Secret) -> str: ...

    async def verify(self, password_hash: str, password: Secret) -> bool | None:
        """None: too many wait already. An empty hash takes as long as any other and never passes."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than those of now."""
        ...
