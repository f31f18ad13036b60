"""The mode that a tenant is really in, and orders to change it. Pure."""

from datetime import UTC, datetime
from typing import Final

from broker.model.kinds import Mode
from broker.model.policy_records import ModeOrder
from broker.model.records import Tenant

_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Near the calendar's own end a moment has no time in every zone, and no page could show it."""


def mode_at(tenant: Tenant, now: datetime) -> Mode:
    """A drill changes nothing, and a mode that has ended is the normal one again."""
    is_over = tenant.mode_until is not None and now >= tenant.mode_until
    return Mode.NORMAL if tenant.mode_is_drill or is_over else tenant.mode


def why_not_mode(order: ModeOrder, reason: str, now: datetime) -> str | None:
    """Why a mode can't be ordered. Wider access always has an end."""
    if not reason.strip():
        return "a reason is needed: it goes into the audit"
    if order.until is not None and order.until.utcoffset() is None:
        return "until: needs a time zone"
    if order.until is not None and order.until > _LAST:
        return f"until: {order.until.isoformat()} is beyond the calendar"
    if order.until is not None and order.until <= now:
        return f"until: {order.until.isoformat()} is in the past"
    if order.mode is Mode.BCP and order.until is None:
        return "until: mode bcp opens more than usual, so it needs an end"
    return None
