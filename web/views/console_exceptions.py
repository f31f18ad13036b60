"""The console: exceptions to the baseline, and the page on which any change is decided."""

from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from broker.change.records import ChangeRow, NoSuchChange
from broker.lifecycle.policy_change import CHANGE_STEPS, ChangeEvent, ChangeState
from broker.lifecycle.step import may_step
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.model.records import Pool
from broker.model.rules import Waiver
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.local_time import local_time
from broker.policy.second_person import ChangeRefusal, ChangeRefused
from broker.session.desk_records import Rehearsed
from web.change_words import CHANGE_KINDS, CHANGE_REFUSALS, CHANGE_STATES, DECISIONS, GRANTS, NOT_BEGUN
from web.errors import show_problem
from web.exception_form import BAD_DATE, read_exception
from web.forms import read_form, read_form_with_list, see_other
from web.language import language_of
from web.problems import Problem
from web.reasons import DENIALS
from web.step_up import ask_step_up
from web.views.change_lines import lines_of, waiver_lines
from web.views.console import console_page
from web.visitor import TENANT, actor_of, services_of
from web.words import DEVICE_KINDS, ORIGINS, SEGMENTS

_PATHS: Final = {
    ChangeKind.EXCEPTION: "/console/exceptions",
    ChangeKind.RULES: "/console/rules",
    ChangeKind.MODE: "/console/mode",
}


def state_of(row: ChangeRow) -> str:
    """The word for where a change stands."""
    if row.change.state is ChangeState.APPROVED and not row.holds_now and row.change.kind is ChangeKind.EXCEPTION:
        return NOT_BEGUN
    return CHANGE_STATES[row.change.state]


def refusal_text(refused: ChangeRefused) -> tuple[str, str]:
    """What to tell, and the field in question where that helps."""
    return CHANGE_REFUSALS[refused.code], refused.why


async def list_pools(request: web.Request) -> list[Pool] | NotAllowed:
    summaries = await services_of(request).pools.summaries(actor_of(request))
    return summaries if isinstance(summaries, NotAllowed) else [summary.pool for summary in summaries]


async def show_exceptions(request: web.Request) -> web.Response:
    rows = await services_of(request).changes.list_all(actor_of(request), ChangeKind.EXCEPTION)
    pools = await list_pools(request)
    if isinstance(rows, NotAllowed) or isinstance(pools, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    tenant = request[TENANT]
    return console_page(
        request,
        "console/exceptions.html",
        "policy",
        part="exceptions",
        rows=rows,
        lines={row.change.id: lines_of(request, row, pools) for row in rows},
        state_of=state_of,
        of_settings=[(waiver, waiver_lines(language_of(request), waiver, pools)) for waiver in tenant.rules.waivers],
        today=local_time(datetime.now(UTC), tenant.time_zone).date(),
    )


async def ask_exception(request: web.Request) -> web.Response:
    if refuse_action(actor_of(request).roles, Action.CHANGE_POLICY) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    return await _form(request, {}, None)


async def request_exception(request: web.Request) -> web.Response:
    """Ask for an exception; nothing is loosened before somebody else approves it."""
    fields = await read_form_with_list(request, "groups")
    pools = await list_pools(request)
    if isinstance(pools, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    order = read_exception(fields, [pool.id for pool in pools])
    if order is None:
        return await _form(request, fields, (BAD_DATE, ""))
    outcome = await services_of(request).changes.request_exception(
        actor_of(request), order, fields.get("reason", "").strip()
    )
    match outcome:
        case PolicyChange():
            return see_other(f"/console/changes/{outcome.id}?done=change_requested")
        case ChangeRefused():
            return await _form(request, fields, refusal_text(outcome))
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
        case NoSuchChange():
            return show_problem(request, Problem.NOT_FOUND)


async def _form(request: web.Request, fields: dict[str, str], error: tuple[str, str] | None) -> web.Response:
    pools = await list_pools(request)
    if isinstance(pools, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/exception_new.html",
        "policy",
        status=200 if error is None else 422,
        part="exceptions",
        pools=pools,
        fields=fields,
        error=error,
        origins=ORIGINS,
        segments=SEGMENTS,
        devices=DEVICE_KINDS,
        grants=GRANTS,
    )


async def show_change(request: web.Request) -> web.Response:
    return await _change_page(request, None)


async def decide_change(request: web.Request) -> web.Response:
    """Approve, reject, withdraw or revoke, with a reason."""
    fields = await read_form(request)
    change_id = request.match_info["change_id"]
    try:
        event = ChangeEvent(fields.get("decision", ""))
    except ValueError:
        return show_problem(request, Problem.BAD_REQUEST)
    outcome = await services_of(request).changes.decide(
        actor_of(request), change_id, event, fields.get("reason", "").strip()
    )
    match outcome:
        case PolicyChange():
            return see_other(f"/console/changes/{change_id}?done=change_{event}")
        case ChangeRefused(code=ChangeRefusal.STEP_UP_NEEDED):
            return ask_step_up(request, f"/console/changes/{change_id}")
        case ChangeRefused():
            return await _change_page(request, refusal_text(outcome))
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
        case NoSuchChange():
            return show_problem(request, Problem.NOT_FOUND)


async def _change_page(request: web.Request, error: tuple[str, str] | None) -> web.Response:
    row = await services_of(request).changes.find(actor_of(request), request.match_info["change_id"])
    pools = await list_pools(request)
    if isinstance(row, NotAllowed) or isinstance(pools, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    if isinstance(row, NoSuchChange):
        return show_problem(request, Problem.NOT_FOUND)
    return console_page(
        request,
        "console/change.html",
        "policy",
        status=200 if error is None else 422,
        part=_PATHS[row.change.kind].rpartition("/")[2],
        row=row,
        lines=lines_of(request, row, pools),
        state=state_of(row),
        kind=CHANGE_KINDS[row.change.kind],
        back=_PATHS[row.change.kind],
        decisions=_open_decisions(request, row),
        rehearsed=await _rehearse(request, row),
        pool_names={pool.id: pool for pool in pools},
        denials=DENIALS,
        error=error,
    )


def _open_decisions(request: web.Request, row: ChangeRow) -> dict[str, str]:
    """What this person may do with it now, with the words of the buttons."""
    is_own = row.change.requested_by == actor_of(request).name
    fitting = {
        ChangeEvent.APPROVED: not is_own,
        ChangeEvent.REJECTED: not is_own,
        ChangeEvent.WITHDRAWN: is_own,
        ChangeEvent.REVOKED: row.change.kind is ChangeKind.EXCEPTION,
    }
    return {
        event.value: text
        for event, text in DECISIONS.items()
        if fitting[event] and may_step(CHANGE_STEPS, row.change.state, event)
    }


async def _rehearse(request: web.Request, row: ChangeRow) -> Rehearsed | None:
    """Who would have gained by an exception in the last 30 days; asked only while somebody has to decide on it."""
    if row.change.state is not ChangeState.REQUESTED or not isinstance(row.content, Waiver):
        return None
    done = await services_of(request).policy.rehearse_exception(actor_of(request), row.content)
    return done if isinstance(done, Rehearsed) else None
