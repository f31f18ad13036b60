"""The console: who waits at sign-in and why, lifting it, blocking an address."""

from typing import Final

from aiohttp import web

from broker.model.throttle import Throttle
from broker.people.locks import BlockOrder, Lifted, LockRefused, NoSuchLock
from broker.people.records import ReasonMissing
from broker.policy.administration import NotAllowed
from web.errors import show_problem
from web.forms import local_path, parse_number, read_form, see_other
from web.language import gettext_noop as _
from web.lock_words import DURATIONS, LOCK_KINDS, LOCK_REASONS, LOCK_REFUSALS
from web.problems import Problem
from web.views.confirmation import REASON_MISSING
from web.views.console import console_page
from web.visitor import actor_of, services_of

NOTHING_CHOSEN: Final = _("解除するロックを選んでください。すでに終わったロックは一覧にありません。")
LOCKS_PATH: Final = "/console/locks"


async def show_locks(request: web.Request) -> web.Response:
    return await _page(request)


async def _page(
    request: web.Request, *, status: int = 200, error: str | None = None, fields: dict[str, str] | None = None
) -> web.Response:
    locks = await services_of(request).locks.list_all(actor_of(request))
    if isinstance(locks, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/locks.html",
        "locks",
        status=status,
        locks=locks,
        error=error,
        fields=fields or {},
        durations=DURATIONS,
        kinds=LOCK_KINDS,
        reasons=LOCK_REASONS,
    )


async def lift_locks(request: web.Request) -> web.Response:
    """End those that were chosen, with a reason; then back to where the form was."""
    fields = await read_form(request)
    chosen = [value for value in (await request.post()).getall("key", []) if isinstance(value, str)]
    match await services_of(request).locks.lift(actor_of(request), chosen, fields.get("reason", "")):
        case Lifted():
            back = local_path(fields.get("back", LOCKS_PATH))
            return see_other(f"{back if back.startswith('/console/') else LOCKS_PATH}?done=locks_lifted")
        case NoSuchLock():
            return await _page(request, status=422, error=NOTHING_CHOSEN)
        case ReasonMissing():
            return await _page(request, status=422, error=REASON_MISSING)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)


async def block_address(request: web.Request) -> web.Response:
    """Let nobody sign in from an address for a time."""
    fields = await read_form(request)
    order = BlockOrder(
        address=fields.get("address", ""),
        minutes=parse_number(fields.get("minutes", "")) or 0,
        reason=fields.get("reason", ""),
    )
    match await services_of(request).locks.block(actor_of(request), order):
        case Throttle():
            return see_other(f"{LOCKS_PATH}?done=address_blocked")
        case LockRefused(refusal):
            return await _page(request, status=422, error=LOCK_REFUSALS[refusal], fields=fields)
        case ReasonMissing():
            return await _page(request, status=422, error=REASON_MISSING, fields=fields)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
