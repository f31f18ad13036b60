"""The site's own day: further flows are permitted until one."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broker.settings import SiteSettings


def day_of(settings: SiteSettings, now: datetime) -> date:
    """The day in the first tenant's time zone; in UTC where there is none that can be read."""
    try:
        return now.astimezone(ZoneInfo(settings.tenants[0].time_zone)).date()
    except (IndexError, ZoneInfoNotFoundError, ValueError, OSError):
        return now.astimezone(UTC).date()
