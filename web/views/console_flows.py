"""The console: what may connect to what (特定通信), for auditors and the network section."""

from aiohttp import web

from broker.flow.reasons import WHY
from broker.flow.table import ENGLISH, JAPANESE, FlowRow, Words
from broker.policy.administration import NotAllowed
from web.errors import show_problem
from web.forms import read_query
from web.language import Language, language_of
from web.problems import Problem
from web.spreadsheet import write_csv
from web.views.console import console_page
from web.visitor import actor_of, services_of


def _words(request: web.Request) -> Words:
    return JAPANESE if language_of(request) is Language.JA else ENGLISH


async def show_flows(request: web.Request) -> web.Response:
    rows = await services_of(request).flows.list_rows(actor_of(request), _words(request))
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    text = read_query(request, "q")
    shown = [row for row in rows if _speaks_of(row, text)]
    kinds = [japanese if _words(request).is_japanese else english for japanese, english in WHY.values()]
    return console_page(request, "console/flows.html", "flows", rows=shown, total=len(rows), text=text, kinds=kinds)


def _speaks_of(row: FlowRow, text: str) -> bool:
    return any(text.casefold() in cell.casefold() for cell in row.cells())


async def export_flows(request: web.Request) -> web.Response:
    """The whole list as CSV. Taking it home is in the audit before the file leaves."""
    words, flows = _words(request), services_of(request).flows
    rows = await flows.list_rows(actor_of(request), words)
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    if await flows.note_export(actor_of(request), len(rows)) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    return web.Response(
        body=write_csv([words.head, *(row.cells() for row in rows)]),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="permitted-flows.csv"'},
    )
