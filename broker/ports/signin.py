"""Throttles, factors and web sessions in the store."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from broker.model.enrolment import TotpEnrolment
from broker.model.ids import (
    DeviceId,
    TenantId,
    UserId,
)
from broker.model.records import (
    PendingSignin,
    WebSession,
)
from broker.model.throttle import Throttle


class SigninTx(Protocol):
    """Throttles, pending sign-ins, factors and web sessions inside one transaction."""

    async def get_throttles(self, keys: Sequence[str], *, unheld: Sequence[str] = ()) -> dict[str, Throttle]:
        """In a writing transaction ``keys`` stay held, so that attempts at the same time are all counted."""
        ...

    async def list_throttles(self, tenant_id: TenantId, limit: int, *, login: str | None = None) -> list[Throttle]:
        """Who waits longest first; with ``login`` also what has not come to a wait."""
        ...

    async def put_throttle(self, throttle: Throttle) -> None: ...
    async def clear_throttle(self, key: str) -> None: ...
    async def add_pending(self, pending: PendingSignin) -> None: ...
    async def get_pending(self, token_hash: bytes) -> PendingSignin | None: ...
    async def update_pending(self, pending: PendingSignin) -> None: ...

    async def consume_pending(self, token_hash: bytes) -> bool:
        """Delete; True for exactly one caller."""
        ...

    async def get_enrolment(self, tenant_id: TenantId, user_id: UserId) -> TotpEnrolment | None: ...

    async def add_enrolment(self, enrolment: TotpEnrolment, recovery_hashes: Sequence[bytes]) -> bool:
        """Store a confirmed factor with its recovery codes; False when the person has one already."""
        ...

    async def remove_enrolment(self, tenant_id: TenantId, user_id: UserId) -> bool:
        """Forget every factor of the person: app, passkeys, recovery codes. True when there was one."""
        ...

    async def advance_totp_step(self, tenant_id: TenantId, user_id: UserId, step: int) -> bool:
        """Compare-and-swap: store ``step`` if it is greater than the last accepted one; False otherwise."""
        ...

    async def use_recovery_code(self, tenant_id: TenantId, user_id: UserId, code_hash: bytes) -> bool:
        """Mark one unused code used; True for exactly one caller."""
        ...

    async def put_enrolment_code(
        self, tenant_id: TenantId, user_id: UserId, code_hash: bytes, expires_at: datetime
    ) -> None:
        """The one code with which this person may enrol from outside; an earlier one is gone."""
        ...

    async def use_enrolment_code(self, tenant_id: TenantId, user_id: UserId, code_hash: bytes) -> bool:
        """Delete it, if it is this one and has not ended; True for exactly one caller."""
        ...

    async def remove_enrolment_code(self, tenant_id: TenantId, user_id: UserId) -> None: ...
    async def enrolment_code_until(self, tenant_id: TenantId, user_id: UserId) -> datetime | None: ...
    async def count_recovery_codes(self, tenant_id: TenantId, user_id: UserId) -> int: ...
    async def add_web_session(self, session: WebSession) -> None: ...
    async def get_web_session(self, token_hash: bytes) -> WebSession | None: ...
    async def touch_web_session(self, token_hash: bytes, seen_at: datetime) -> None: ...
    async def mark_stepped_up(self, token_hash: bytes, factor: str, *, before: datetime | None) -> bool:
        """Compare-and-swap: the browser showed ``factor`` just now, if ``factor_at`` is still ``before``."""
        ...

    async def list_web_sessions_of(self, tenant_id: TenantId, user_id: UserId) -> list[WebSession]:
        """A person's signed-in browsers, the one that was used last first."""
        ...

    async def remove_web_session(self, token_hash: bytes) -> bool: ...
    async def remove_web_sessions_of(
        self, tenant_id: TenantId, user_id: UserId, *, besides: bytes | None = None
    ) -> int:
        """All of a person's, but for the one with this hash; how many there were."""
        ...

    async def note_password_end(self, token_hash: bytes, ends_at: datetime | None) -> None:
        """When the password of this web session runs out, as known now."""
        ...

    async def remove_web_sessions_at(self, tenant_id: TenantId, device_id: DeviceId) -> int: ...

    async def is_known_address(self, account: str, address_hash: bytes, *, since: datetime) -> bool:
        """Whether the account signed in from there after ``since``."""
        ...

    async def remember_address(self, account: str, address_hash: bytes, *, max_kept: int) -> None:
        """Note a sign-in from there, now. Of an account's addresses the last ``max_kept`` stay."""
        ...

    async def purge_expired(self, *, idle_limit: timedelta, known_limit: timedelta) -> int:
        """Remove expired pending sign-ins, idle or expired web sessions, stale throttles, old tickets, and addresses
        where nobody signed in for ``known_limit``."""
        ...
