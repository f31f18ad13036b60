"""Operations of the console on telework approvals."""

from datetime import date, datetime
from typing import Final

import msgspec
from aiohttp import web

from broker.people.approvals import ApprovalOrder, ApprovalsKept, NoSuchApproval, OrderRefused
from broker.policy.administration import NotAllowed
from web.api.admin_policy import refused
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import ReasonText
from web.api.operation import Audience, Failure, Operation
from web.problems import Problem
from web.visitor import actor_of, services_of


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    login: str
    ends_on: date
    is_in_force: bool
    reason: str
    set_by: str
    set_at: datetime


class Approvals(msgspec.Struct, frozen=True):
    approvals: list[Approval]


class ApprovalOrders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them are kept, or none."""

    approvals: list[ApprovalOrder]


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    login: str
    reason: ReasonText


class KeptCount(msgspec.Struct, frozen=True):
    count: int


async def list_approvals(request: web.Request, _body: None) -> Approvals | Failure:
    rows = await services_of(request).approvals.list_all(actor_of(request))
    if isinstance(rows, NotAllowed):
        return NOT_ALLOWED
    return Approvals(
        [
            Approval(
                login=row.approval.login,
                ends_on=row.approval.ends_on,
                is_in_force=row.is_in_force,
                reason=row.approval.reason,
                set_by=row.approval.set_by,
                set_at=row.approval.set_at,
            )
            for row in rows
        ]
    )


async def keep_approvals(request: web.Request, body: ApprovalOrders) -> KeptCount | Failure:
    match await services_of(request).approvals.keep(actor_of(request), body.approvals):
        case ApprovalsKept(count):
            return KeptCount(count)
        case OrderRefused(line, why):
            return refused("approval_refused", f"line {line}: {why}")
        case NotAllowed():
            return NOT_ALLOWED


async def withdraw_approval(request: web.Request, body: Withdrawal) -> KeptCount | Failure:
    match await services_of(request).approvals.withdraw(actor_of(request), body.login, body.reason):
        case ApprovalsKept(count):
            return KeptCount(count)
        case NoSuchApproval():
            return Failure(problem=Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return NOT_ALLOWED


_CONSOLE: Final = Audience.CONSOLE
APPROVAL_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/approvals",
        summary="Telework approvals",
        audience=_CONSOLE,
        handler=list_approvals,
        response=Approvals,
    ),
    Operation(
        method="POST",
        path="/admin/approvals",
        summary="Keep telework approvals, all of them or none",
        audience=_CONSOLE,
        handler=keep_approvals,
        request=ApprovalOrders,
        response=KeptCount,
    ),
    Operation(
        method="POST",
        path="/admin/approvals/withdraw",
        summary="Withdraw a telework approval; sessions that need it end",
        audience=_CONSOLE,
        handler=withdraw_approval,
        request=Withdrawal,
        response=KeptCount,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
)
