"""Permission to open one tunnel."""

from datetime import datetime

import msgspec

from broker.model.ids import SessionId, TenantId, UserId


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A single-use permission to open one tunnel, stored by its hash, bound to the tunnel cookie's hash."""

    token_hash: bytes
    tenant_id: TenantId
    session_id: SessionId
    user_id: UserId
    web_session_hash: bytes
    tunnel_hash: bytes
    expires_at: datetime
    redeemed_at: datetime | None = None
