"""Failures at sign-in, as they are counted."""

from datetime import datetime

import msgspec


class Throttle(msgspec.Struct, frozen=True, kw_only=True):
    """Failures counted under one key (an account or an address of a tenant)."""

    key: str
    failures: int
    first_failed_at: datetime
    blocked_until: datetime | None
