"""The console: the audit log, page by page, and as a file for the office."""

from typing import Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from broker.model.records import AuditRecord
from broker.policy.administration import NotAllowed
from web.audit_filter import read_audit_query
from web.errors import show_problem
from web.forms import read_query
from web.language import gettext_noop as _
from web.language import language_of, translate
from web.problems import Problem
from web.spreadsheet import write_csv
from web.views.console import console_page
from web.visitor import actor_of, services_of
from web.words import AUDIT_EVENTS

PAGE_ROWS: Final = 50
EXPORT_PAGE_ROWS: Final = 1000
MAX_EXPORT_ROWS: Final = 100_000
_COLUMNS: Final = (
    _("番号"),
    _("日時"),
    _("できごと"),
    _("コード"),
    _("操作した人"),
    _("対象"),
    _("結果"),
    _("接続元アドレス"),
    _("詳細"),
    _("連番"),
)


def _filters(request: web.Request) -> dict[str, str]:
    names = ("event", "text", "since", "until")
    return {name: read_query(request, name) for name in names}


async def show_audit(request: web.Request) -> web.Response:
    query = read_audit_query(request, PAGE_ROWS + 1)
    records = await services_of(request).audit.search(actor_of(request), query)
    if isinstance(records, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    shown = records[:PAGE_ROWS]
    filters = _filters(request)
    kept = {name: value for name, value in filters.items() if value}
    older = urlencode({**kept, "before": shown[-1].id}) if len(records) > PAGE_ROWS else ""
    return console_page(
        request,
        "console/audit.html",
        "audit",
        records=shown,
        filters=filters,
        is_filtered=bool(kept),
        is_first=query.before_id is None,
        newest="/console/audit?" + urlencode(kept),
        older=f"/console/audit?{older}" if older else "",
        export="/console/audit.csv?" + urlencode(kept),
        events=AUDIT_EVENTS,
    )


async def _collect(request: web.Request) -> list[AuditRecord] | NotAllowed:
    query = read_audit_query(request, EXPORT_PAGE_ROWS)
    collected: list[AuditRecord] = []
    while len(collected) < MAX_EXPORT_ROWS:
        records = await services_of(request).audit.search(actor_of(request), query)
        if isinstance(records, NotAllowed):
            return records
        collected += records
        if len(records) < EXPORT_PAGE_ROWS:
            break
        query = msgspec.structs.replace(query, before_id=records[-1].id)
    return collected


async def export_audit(request: web.Request) -> web.Response:
    """The filtered log as CSV."""
    records = await _collect(request)
    if isinstance(records, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    language = language_of(request)
    rows: list[tuple[str, ...]] = [tuple(translate(language, name) for name in _COLUMNS)]
    for record in records:
        detail = " ".join(f"{key}={value}" for key, value in sorted(record.detail.items()))
        name = AUDIT_EVENTS.get(record.event)
        rows.append(
            (
                str(record.id),
                record.at.isoformat(),
                translate(language, name) if name else "",
                record.event,
                record.actor,
                record.subject,
                record.outcome,
                record.address,
                detail,
                "" if record.seq is None else str(record.seq),
            )
        )
    return web.Response(
        body=write_csv(rows),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )
