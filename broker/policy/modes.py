"""The mode that a tenant is really in. Pure."""

from datetime import datetime

from broker.model.kinds import Mode
from broker.model.records import Tenant


def mode_at(tenant: Tenant, now: datetime) -> Mode:
    """A drill changes nothing, and a mode that has ended is the normal one again."""
    is_over = tenant.mode_until is not None and now >= tenant.mode_until
    return Mode.NORMAL if tenant.mode_is_drill or is_over else tenant.mode
