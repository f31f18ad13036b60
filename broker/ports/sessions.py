"""Assignments, sessions, tickets and attachments in the store."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from broker.model.ids import (
    AttachmentId,
    DesktopId,
    GatewayId,
    PoolId,
    SessionId,
    TenantId,
    UserId,
)
from broker.model.reasons import EndReason
from broker.model.records import (
    Assignment,
    Attachment,
    Session,
)
from broker.model.ticket import Ticket


class SessionTx(Protocol):
    async def get_assignment_of(self, tenant_id: TenantId, pool_id: PoolId, user_id: UserId) -> Assignment | None:
        """The unreleased one."""
        ...

    async def get_assignment_on(self, tenant_id: TenantId, desktop_id: DesktopId) -> Assignment | None: ...
    async def add_assignment(self, assignment: Assignment) -> bool:
        """False when the seat, or the person in this pool, already has an unreleased one (unique index)."""
        ...

    async def release_assignment(self, assignment: Assignment, reason: EndReason) -> bool:
        """True for exactly one caller."""
        ...

    async def list_assignments(self, tenant_id: TenantId, pool_id: PoolId | None = None) -> list[Assignment]: ...
    async def get_session(self, tenant_id: TenantId, session_id: SessionId) -> Session | None: ...

    async def get_live_session_of(self, tenant_id: TenantId, pool_id: PoolId, user_id: UserId) -> Session | None: ...
    async def get_live_session_on(self, tenant_id: TenantId, desktop_id: DesktopId) -> Session | None: ...
    async def list_sessions(
        self,
        tenant_id: TenantId,
        *,
        live_only: bool = True,
        user_id: UserId | None = None,
        pool_id: PoolId | None = None,
        since: datetime | None = None,
        limit: int = 500,
    ) -> list[Session]:
        """Newest first; ``since`` is about when they were opened."""
        ...

    async def list_queue(self, tenant_id: TenantId, pool_id: PoolId) -> list[Session]:
        """Queued sessions, the one that waited longest first."""
        ...

    async def add_session(self, session: Session) -> bool:
        """False when the person already has a live session in this pool (unique index)."""
        ...

    async def swap_session(self, before: Session, after: Session) -> Session | None:
        """Compare-and-swap on ``version``, as :meth:`PoolTx.swap_desktop`."""
        ...

    async def add_ticket(self, ticket: Ticket) -> None: ...
    async def get_ticket(self, token_hash: bytes) -> Ticket | None: ...

    async def redeem_ticket(self, token_hash: bytes) -> bool:
        """Mark used, if unused and unexpired by the database's clock; True for exactly one caller."""
        ...

    async def add_attachment(self, attachment: Attachment) -> None: ...
    async def get_attachment(self, attachment_id: AttachmentId) -> Attachment | None: ...
    async def update_attachment(self, attachment: Attachment) -> None: ...
    async def list_open_attachments(
        self, *, session_id: SessionId | None = None, gateway_id: GatewayId | None = None
    ) -> list[Attachment]: ...

    async def list_closed_attachments(self, gateway_ids: Collection[GatewayId], since: datetime) -> list[Attachment]:
        """Those of these gateways that the books closed at or after ``since``."""
        ...

    async def get_last_event(self, gateway_id: GatewayId, epoch: str) -> int: ...
    async def put_last_event(self, gateway_id: GatewayId, epoch: str, number: int) -> None: ...
