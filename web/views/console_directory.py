"""The console: directories. One section each: how the sync stands, and who is in them."""

from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from broker.directory.records import DoubtConfirmed, NoSuchDirectory, NothingDoubted, Prepared, SyncAsked
from broker.model.directory import SyncKind, SyncPhase
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.policy.administration import NotAllowed
from web.directory_words import SERVER_STATES
from web.errors import show_problem
from web.forms import parse_number, read_form, read_query, see_other
from web.problems import Problem
from web.views.console import console_page
from web.visitor import actor_of, services_of
from web.words import ROLES

_PAGE: Final = "/console/directory"


async def show_directory(request: web.Request) -> web.Response:
    """Every section of the page; each is a template of its own (``console/directory_*.html``)."""
    directory, actor = services_of(request).directory, actor_of(request)
    text = read_query(request, "q")
    views = await directory.status(actor)
    found = await directory.search(actor, text, _read_after(request))
    servers = await services_of(request).directory_servers.health(actor)
    rules = await services_of(request).mapping.list_rules(actor)
    if (
        isinstance(views, NotAllowed)
        or isinstance(found, NotAllowed)
        or isinstance(servers, NotAllowed)
        or isinstance(rules, NotAllowed)
    ):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/directory.html",
        "directory",
        views=views,
        servers=servers,
        server_states=SERVER_STATES,
        rules=rules,
        role_names=ROLES,
        is_running=any(view.state.phase is not SyncPhase.IDLE or view.state.asked for view in views),
        text=text,
        found=found,
        is_first="after" not in request.query,
        first=f"{_PAGE}?{_query(text)}#people",
        further=f"{_PAGE}?{_query(text, found.next_after)}#people" if found.next_after else "",
    )


def _read_after(request: web.Request) -> tuple[str, str] | None:
    return (read_query(request, "after"), read_query(request, "entry")) if "after" in request.query else None


def _query(text: str, after: tuple[str, str] | None = None) -> str:
    fields = {"q": text} if text else {}
    return urlencode(fields | ({"after": after[0], "entry": after[1]} if after else {}))


async def ask_sync(request: web.Request) -> web.Response:
    """Begin a round of one directory now."""
    is_full = (await read_form(request)).get("kind") == SyncKind.FULL
    kind = SyncKind.FULL if is_full else SyncKind.CHANGES
    match await services_of(request).directory.ask_sync(actor_of(request), kind, request.match_info["directory"]):
        case SyncAsked():
            return see_other(f"{_PAGE}?done=sync_asked")
        case NoSuchDirectory():
            return show_problem(request, Problem.NO_SUCH_DIRECTORY)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)


async def prepare_person(request: web.Request) -> web.Response:
    """From somebody who never signed in to their own page."""
    login = (await read_form(request)).get("login", "")
    match await services_of(request).directory.prepare(actor_of(request), login):
        case Prepared(user_id=user_id):
            return see_other(f"/console/people/{user_id}?done=prepared")
        case NoSuchPerson():
            return show_problem(request, Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)


async def confirm_doubt(request: web.Request) -> web.Response:
    """Who was missing in a doubted answer is gone."""
    form = await read_form(request)
    round_ = parse_number(form.get("round", ""))
    if round_ is None:
        return show_problem(request, Problem.BAD_REQUEST)
    desk, directory = services_of(request).directory, request.match_info["directory"]
    match await desk.confirm_doubt(actor_of(request), directory, round_, form.get("reason", "")):
        case DoubtConfirmed():
            return see_other(f"{_PAGE}?done=doubt_confirmed")
        case NothingDoubted():
            return show_problem(request, Problem.STATE_CHANGED)
        case ReasonMissing():
            return show_problem(request, Problem.BAD_REQUEST)
        case NoSuchDirectory():
            return show_problem(request, Problem.NO_SUCH_DIRECTORY)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
