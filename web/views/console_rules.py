"""The console: the rules of a pool or of the tenant are changed, rehearsed before they are saved, and undone."""

from typing import Final

import msgspec
from aiohttp import web

from broker.change.records import NoSuchChange, RulesInForce, RulesOrder
from broker.lifecycle.policy_change import ChangeState
from broker.model.policy_records import PolicyChange
from broker.model.records import Pool
from broker.model.rules import RuleSet
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.second_person import ChangeRefused
from broker.policy.strictness import looser_parts
from broker.session.desk_records import Rehearsed
from web.change_words import LOOSER
from web.context import RuleChangeOutcome
from web.errors import show_problem
from web.forms import parse_number, read_form, read_form_with_list, read_query, see_other
from web.language import gettext_noop as _
from web.problems import Problem
from web.reasons import DENIALS
from web.rules_form import WrongField, fields_of, read_rules
from web.views.change_lines import lines_of
from web.views.console import console_page
from web.views.console_exceptions import list_pools, refusal_text, state_of
from web.visitor import actor_of, services_of
from web.words import DEVICE_KINDS, ORIGINS, SEGMENTS

WRONG_FIELDS: Final = {
    "days_per_week": _("庁外からの週の日数は、1から7までの数字で入力してください。"),
    "max_sessions": _("同時に使える数は、1以上の数字で入力してください。"),
    "step_up_min": _("二要素認証の有効時間は、分を数字で入力してください。"),
    "opens": _("利用開始の時刻を入力してください。"),
    "closes": _("利用終了の時刻を入力してください。"),
    "hours": _("利用時間の終了は、開始より後の時刻にしてください。"),
    "closes_for_lunch": _("昼休みが利用時間の中にありません。「昼休みは閉める」の選択を外してください。"),
}
_SHOWN: Final = frozenset({"csrf_token", "reason"})


class _Work(msgspec.Struct, frozen=True, kw_only=True):
    """A change of rules in the making: what holds, the form as it was filled in, and what would come of it."""

    held: RulesInForce
    fields: dict[str, str]
    error: tuple[str, str] | None = None
    rehearsed: Rehearsed | None = None
    looser: tuple[str, ...] = ()


async def show_rules(request: web.Request) -> web.Response:
    held = await _find(request, read_query(request, "subject"))
    if isinstance(held, Problem):
        return show_problem(request, held)
    return await _page(request, _Work(held=held, fields=fields_of(held.rules)))


async def rehearse_rules(request: web.Request) -> web.Response:
    """Who would lose and who would gain; nothing is saved."""
    fields = await read_form_with_list(request, "groups")
    held = await _find(request, fields.get("subject", ""))
    if isinstance(held, Problem):
        return show_problem(request, held)
    rules = read_rules(fields, held.rules)
    if isinstance(rules, WrongField):
        return await _page(request, _Work(held=held, fields=fields, error=(WRONG_FIELDS[rules.name], "")))
    return await _rehearsed(request, held, fields, rules, None)


async def _rehearsed(
    request: web.Request,
    held: RulesInForce,
    fields: dict[str, str],
    rules: RuleSet,
    error: tuple[str, str] | None,
) -> web.Response:
    done = await services_of(request).policy.rehearse_rules(actor_of(request), held.subject, rules)
    if not isinstance(done, Rehearsed):
        return show_problem(request, Problem.NOT_ALLOWED)
    looser = looser_parts(held.rules, rules)
    return await _page(request, _Work(held=held, fields=fields, error=error, rehearsed=done, looser=looser))


async def save_rules(request: web.Request) -> web.Response:
    """Save what was rehearsed. Where it loosens something, it waits for a second person."""
    fields = await read_form_with_list(request, "groups")
    held = await _find(request, fields.get("subject", ""))
    based_on = parse_number(fields.get("based_on", ""))
    if isinstance(held, Problem) or based_on is None:
        return show_problem(request, held if isinstance(held, Problem) else Problem.BAD_REQUEST)
    rules = read_rules(fields, held.rules)
    if isinstance(rules, WrongField):
        return await _page(request, _Work(held=held, fields=fields, error=(WRONG_FIELDS[rules.name], "")))
    order = RulesOrder(subject=held.subject, rules=rules, based_on=based_on)
    outcome = await services_of(request).changes.save_rules(actor_of(request), order, fields.get("reason", "").strip())
    if isinstance(outcome, ChangeRefused):
        return await _rehearsed(request, held, fields, rules, refusal_text(outcome))
    return _answer(request, held, outcome)


async def go_back(request: web.Request) -> web.Response:
    """Save a former version anew."""
    fields = await read_form(request)
    held = await _find(request, fields.get("subject", ""))
    based_on = parse_number(fields.get("based_on", ""))
    if isinstance(held, Problem) or based_on is None:
        return show_problem(request, held if isinstance(held, Problem) else Problem.BAD_REQUEST)
    outcome = await services_of(request).changes.go_back(
        actor_of(request), fields.get("version", ""), based_on, fields.get("reason", "").strip()
    )
    if isinstance(outcome, ChangeRefused):
        return await _page(request, _Work(held=held, fields=fields_of(held.rules), error=refusal_text(outcome)))
    return _answer(request, held, outcome)


def _answer(request: web.Request, held: RulesInForce, outcome: RuleChangeOutcome) -> web.Response:
    match outcome:
        case PolicyChange(state=ChangeState.REQUESTED):
            return see_other(f"/console/changes/{outcome.id}?done=change_requested")
        case PolicyChange():
            return see_other(f"/console/rules?subject={held.subject}&done=rules_saved")
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
        case _:
            return show_problem(request, Problem.NOT_FOUND)


async def _find(request: web.Request, subject: str) -> RulesInForce | Problem:
    match await services_of(request).changes.rules(actor_of(request), subject):
        case RulesInForce() as held:
            return held
        case NoSuchChange():
            return Problem.NO_SUCH_POOL
        case NotAllowed():
            return Problem.NOT_ALLOWED


async def _page(request: web.Request, work: _Work) -> web.Response:
    pools = await list_pools(request)
    if isinstance(pools, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/rules.html",
        "policy",
        status=200 if work.error is None else 422,
        part="rules",
        work=work,
        subject=_subject(work, pools),
        pools=pools,
        kept={name: value for name, value in work.fields.items() if name not in _SHOWN},
        may_change=refuse_action(actor_of(request).roles, Action.CHANGE_POLICY) is None,
        lines={row.change.id: lines_of(request, row, pools) for row in work.held.versions},
        pool_names={pool.id: pool for pool in pools},
        state_of=state_of,
        looser=list(dict.fromkeys(LOOSER[part] for part in work.looser)),
        denials=DENIALS,
        origins=ORIGINS,
        segments=SEGMENTS,
        devices=DEVICE_KINDS,
    )


def _subject(work: _Work, pools: list[Pool]) -> Pool | None:
    return next((pool for pool in pools if pool.id == work.held.subject), None)
