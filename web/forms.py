"""Fields of forms and queries as plain text, bounded."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web

MAX_FIELD_CHARS: Final = 1000
MAX_LIST_CHARS: Final = 32_768
"""For a field with one name a line. Cut off, it would end in the name of somebody else."""


async def read_form(request: web.Request) -> dict[str, str]:
    """The text fields of a form; a field that is too long is cut off, a file is no field."""
    fields = await request.post()
    return {name: value[:MAX_FIELD_CHARS] for name, value in fields.items() if isinstance(value, str)}


async def read_form_with_list(request: web.Request, name: str) -> dict[str, str]:
    """The same with one field that may hold as much as :data:`MAX_LIST_CHARS`."""
    fields = await read_form(request)
    return fields | ({name: await read_long_field(request, name, MAX_LIST_CHARS)} if name in fields else {})


async def read_long_field(request: web.Request, name: str, max_chars: int) -> str:
    """A text field that may be longer than :data:`MAX_FIELD_CHARS`, cut off at ``max_chars``."""
    value = (await request.post()).get(name, "")
    return value[:max_chars] if isinstance(value, str) else ""


def read_query(request: web.Request, name: str) -> str:
    return request.query.get(name, "")[:MAX_FIELD_CHARS].strip()


def parse_number(text: str) -> int | None:
    """A positive number of at most 18 digits; ``None`` for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def parse_day(text: str, time_zone: str, *, end_of_day: bool = False) -> datetime | None:
    """Midnight at the start (or the end) of a day like ``2026-04-01`` in the tenant's time zone.

    ``None`` for what is no day, and for days at the ends of the calendar that have no such moment in UTC.
    """
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 the zone follows
        if end_of_day:
            day += timedelta(days=1)
        midnight = datetime.combine(day, time.min, ZoneInfo(time_zone))
        midnight.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return midnight


def local_path(text: str) -> str:
    """A path on this portal, or ``/``: never another site (``//host``, ``/\\host``, control characters)."""
    is_local = text.startswith("/") and not text.startswith(("//", "/\\"))
    is_clean = text.isascii() and text.isprintable() and "\\" not in text
    return text if is_local and is_clean else "/"


def see_other(path: str) -> web.Response:
    """After a form: go and look at ``path``."""
    return web.Response(status=303, headers={"Location": path})
