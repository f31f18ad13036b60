"""Local accounts: people who are in no directory."""

import unicodedata
from datetime import datetime

import msgspec

from broker.model.ids import TenantId, UserId


class LocalAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What a directory would keep of a person: the password and whether the account stands. ``version`` grows with
    every change: its compare-and-swap.

    ``password_hash`` is in the PHC form of Argon2id; empty: no password opens it. A one-time password counts until
    ``one_time_until`` and has to be changed at the first sign-in. A login that was local once stays reserved: who
    is deleted keeps the row.
    """

    tenant_id: TenantId
    user_id: UserId
    login: str
    login_key: str
    password_hash: str
    must_change: bool
    one_time_until: datetime | None = None
    password_set_at: datetime
    is_disabled: bool = False
    is_deleted: bool = False
    is_emergency: bool = False
    expires_at: datetime | None = None
    created_by: str
    created_at: datetime
    version: int = 1

    def stands(self, now: datetime) -> bool:
        """Whether it may sign in at all."""
        return not self.is_disabled and not self.is_deleted and not self.has_expired(now)

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at


def login_key_of(login: str) -> str:
    """What two logins have in common that a person or a directory may take for the same: case and width."""
    return "".join(unicodedata.normalize("NFKC", login).casefold().split())
