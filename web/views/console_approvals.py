"""The console: telework approvals."""

from datetime import date

from aiohttp import web

from broker.people.approvals import ApprovalOrder, ApprovalRow, ApprovalsKept, NoSuchApproval, OrderRefused
from broker.policy.administration import NotAllowed
from web.errors import show_problem
from web.forms import read_form, read_query, see_other
from web.language import gettext_noop as _
from web.problems import Problem
from web.views.console import console_page
from web.visitor import actor_of, services_of

FIELDS_WRONG = _("職員ID、今日以降の最終日、理由を入力してください。自分の承認は登録できません。")


async def _list_rows(request: web.Request) -> list[ApprovalRow] | NotAllowed:
    return await services_of(request).approvals.list_all(actor_of(request))


async def show_approvals(request: web.Request) -> web.Response:
    rows = await _list_rows(request)
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    fields = {"login": read_query(request, "login")}
    return console_page(request, "console/approvals.html", "approvals", rows=rows, fields=fields, error=None)


async def keep_approval(request: web.Request) -> web.Response:
    """Approve one person's telework up to a day."""
    fields = await read_form(request)
    order = _read_order(fields)
    if order is None:
        return await _ask_again(request, fields)
    match await services_of(request).approvals.keep(actor_of(request), [order]):
        case ApprovalsKept():
            return see_other("/console/approvals?done=approval_set")
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
        case OrderRefused():
            return await _ask_again(request, fields)


def _read_order(fields: dict[str, str]) -> ApprovalOrder | None:
    try:
        ends_on = date.fromisoformat(fields.get("ends_on", ""))
    except ValueError:
        return None
    return ApprovalOrder(login=fields.get("login", "").strip(), ends_on=ends_on, reason=fields.get("reason", ""))


async def _ask_again(request: web.Request, fields: dict[str, str]) -> web.Response:
    rows = await _list_rows(request)
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request, "console/approvals.html", "approvals", status=422, rows=rows, fields=fields, error=FIELDS_WRONG
    )


async def withdraw_approval(request: web.Request) -> web.Response:
    fields = await read_form(request)
    reason = fields.get("reason", "").strip()
    if not reason:
        return await _ask_again(request, {})
    match await services_of(request).approvals.withdraw(actor_of(request), fields.get("login", ""), reason):
        case ApprovalsKept():
            return see_other("/console/approvals?done=approval_withdrawn")
        case NoSuchApproval():
            return show_problem(request, Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
