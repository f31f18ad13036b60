"""What the broker keeps of an authenticator app."""

from datetime import datetime

import msgspec

from broker.model.ids import TenantId, UserId
from broker.secret import Sealed


class TotpEnrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed authenticator app. ``last_step`` is the last accepted time step (RFC 6238), 0 before the first."""

    tenant_id: TenantId
    user_id: UserId
    secret: Sealed
    last_step: int
    confirmed_at: datetime
