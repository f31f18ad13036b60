"""The console: telework approvals."""

from datetime import date
from typing import Final

from aiohttp import web

from broker.people.approvals import ApprovalOrder, ApprovalRow, ApprovalsKept, NoSuchApproval, OrderRefused
from broker.policy.administration import NotAllowed
from web.errors import show_problem
from web.exception_form import BAD_DATE
from web.forms import read_form, read_query, see_other
from web.language import gettext_noop as _
from web.language import language_of, translate
from web.problems import Problem
from web.refusal_details import explain_refusal
from web.views.console import console_page
from web.visitor import actor_of, services_of

_PAST: Final = _("最終日が過ぎています。今日以降の日付にしてください。")
_REASON: Final = _("取り消す理由を入力してください。監査ログに残ります。")


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
        return await _ask_again(request, fields, translate(language_of(request), BAD_DATE))
    match await services_of(request).approvals.keep(actor_of(request), [order]):
        case ApprovalsKept(_count, strangers):
            return see_other(f"/console/approvals?done={'approval_of_stranger' if strangers else 'approval_set'}")
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
        case OrderRefused(_line, why):
            return await _ask_again(request, fields, _say(request, why))


def _read_order(fields: dict[str, str]) -> ApprovalOrder | None:
    try:
        ends_on = date.fromisoformat(fields.get("ends_on", ""))
    except ValueError:
        return None
    return ApprovalOrder(login=fields.get("login", "").strip(), ends_on=ends_on, reason=fields.get("reason", ""))


def _say(request: web.Request, why: str) -> str:
    language = language_of(request)
    is_past = why.startswith("ends_on:")
    return translate(language, _PAST) if is_past else explain_refusal(language, why)


async def _ask_again(request: web.Request, fields: dict[str, str], error: str) -> web.Response:
    rows = await _list_rows(request)
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request, "console/approvals.html", "approvals", status=422, rows=rows, fields=fields, error=error
    )


async def withdraw_approval(request: web.Request) -> web.Response:
    fields = await read_form(request)
    reason = fields.get("reason", "").strip()
    if not reason:
        return await _ask_again(request, {}, translate(language_of(request), _REASON))
    match await services_of(request).approvals.withdraw(actor_of(request), fields.get("login", ""), reason):
        case ApprovalsKept():
            return see_other("/console/approvals?done=approval_withdrawn")
        case NoSuchApproval():
            return show_problem(request, Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
