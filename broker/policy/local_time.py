"""The tenant's own time."""

from datetime import datetime
from zoneinfo import ZoneInfo


def local_time(now: datetime, time_zone: str) -> datetime:
    """``now`` in the tenant's time zone, which settings have checked to exist."""
    return now.astimezone(ZoneInfo(time_zone))
