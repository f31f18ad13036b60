"""The console: the audit log, page by page, and as a file for the office."""

from typing import Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from broker.policy.administration import NotAllowed
from web.audit_file import file_head, file_rows
from web.audit_filter import read_audit_query
from web.audit_groups import group_events
from web.errors import show_problem
from web.forms import read_query
from web.language import language_of
from web.problems import Problem
from web.spreadsheet import write_csv
from web.views.audit_table import told_records
from web.views.console import console_page
from web.visitor import TENANT, actor_of, services_of
from web.words import AUDIT_EVENTS

PAGE_ROWS: Final = 50
EXPORT_PAGE_ROWS: Final = 1000
MAX_EXPORT_ROWS: Final = 100_000


def _filters(request: web.Request) -> dict[str, str]:
    names = ("event", "text", "since", "until")
    return {name: read_query(request, name) for name in names}


async def show_audit(request: web.Request) -> web.Response:
    query = read_audit_query(request, PAGE_ROWS + 1)
    records = await services_of(request).audit.search(actor_of(request), query)
    if isinstance(records, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    lines = await told_records(request, records[:PAGE_ROWS])
    if isinstance(lines, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    filters = _filters(request)
    kept = {name: value for name, value in filters.items() if value}
    older = urlencode({**kept, "before": lines[-1].record.id}) if len(records) > PAGE_ROWS else ""
    return console_page(
        request,
        "console/audit.html",
        "audit",
        lines=lines,
        filters=filters,
        is_filtered=bool(kept),
        is_first=query.before_id is None,
        newest="/console/audit?" + urlencode(kept),
        older=f"/console/audit?{older}" if older else "",
        export="/console/audit.csv?" + urlencode(kept),
        events=group_events(AUDIT_EVENTS),
    )


async def _collect(request: web.Request) -> list[list[str]] | NotAllowed:
    """All rows of the filtered log, named a page at a time."""
    query = read_audit_query(request, EXPORT_PAGE_ROWS)
    rows: list[list[str]] = []
    while len(rows) < MAX_EXPORT_ROWS:
        records = await services_of(request).audit.search(actor_of(request), query)
        if isinstance(records, NotAllowed):
            return records
        lines = await told_records(request, records)
        if isinstance(lines, NotAllowed):
            return lines
        rows += file_rows(lines, request[TENANT].time_zone)
        if len(records) < EXPORT_PAGE_ROWS:
            break
        query = msgspec.structs.replace(query, before_id=records[-1].id)
    return rows


async def export_audit(request: web.Request) -> web.Response:
    """The filtered log as CSV. Taking it home is in the audit before the file leaves."""
    rows = await _collect(request)
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    query = read_audit_query(request, EXPORT_PAGE_ROWS)
    if await services_of(request).audit.note_export(actor_of(request), query, len(rows)) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    head = file_head(language_of(request), request[TENANT].time_zone)
    return web.Response(
        body=write_csv([head, *rows]),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )
