"""The filters of the audit, from the query of a page or of the API."""

from aiohttp import web

from broker.ports import AuditQuery
from web.forms import parse_day, parse_number, read_query
from web.visitor import TENANT


def read_audit_query(request: web.Request, limit: int) -> AuditQuery:
    """A date or a number that can't be read filters nothing."""
    zone = request[TENANT].time_zone
    return AuditQuery(
        event_prefix=read_query(request, "event"),
        text=read_query(request, "text"),
        since=parse_day(read_query(request, "since"), zone),
        until=parse_day(read_query(request, "until"), zone, end_of_day=True),
        before_id=parse_number(read_query(request, "before")),
        limit=limit,
    )
