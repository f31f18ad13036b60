"""Telework approvals: all of a list or none of it, nobody their own, every change in the audit."""

from datetime import date, timedelta

import pytest

from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.people.approvals import (
    ApprovalOrder,
    ApprovalService,
    ApprovalsKept,
    NoSuchApproval,
    OrderRefused,
)
from broker.policy.administration import Action, NotAllowed
from broker.ports import AuditQuery
from broker.store import SqlStore
from tests.factories import CITY, a_tenant, a_user, an_actor

DESK = an_actor(Role.TENANT_ADMIN)
FAR = date(2999, 3, 31)


def order(login: str = "staff002", ends_on: date = FAR, reason: str = "在宅勤務") -> ApprovalOrder:
    return ApprovalOrder(login=login, ends_on=ends_on, reason=reason)


@pytest.fixture
async def approvals(store: SqlStore) -> ApprovalService:
    async with store.write() as tx:
        await tx.people.put_tenant(a_tenant())
        for number in (1, 2, 3):
            await tx.people.put_user(a_user(number))
    return ApprovalService(store)


async def test_an_approval_is_kept_renewed_and_withdrawn(approvals: ApprovalService, store: SqlStore) -> None:
    assert await approvals.keep(DESK, [order(), order("staff003")]) == ApprovalsKept(2)
    assert await approvals.keep(DESK, [order(ends_on=FAR + timedelta(days=1))]) == ApprovalsKept(1)
    rows = await approvals.list_all(an_actor(Role.AUDITOR))
    assert isinstance(rows, list)
    assert [(row.approval.login, row.approval.ends_on, row.is_in_force) for row in rows] == [
        ("staff002", FAR + timedelta(days=1), True),
        ("staff003", FAR, True),
    ]
    assert await approvals.withdraw(DESK, "staff002", "異動") == ApprovalsKept(1)
    assert await approvals.withdraw(DESK, "staff002", "異動") == NoSuchApproval()
    async with store.read() as tx:
        records = await tx.audit.search(CITY, AuditQuery(event_prefix="approval."))
    assert [record.event for record in records] == [
        "approval.withdrawn",
        "approval.set",
        "approval.set",
        "approval.set",
    ]
    assert records[0].detail == {"login": "staff002", "reason": "異動"}


@pytest.mark.parametrize(
    "bad, said",
    [
        (order("staff001"), "your own"),
        (order("STAFF001"), "your own"),
        (order(" staff001"), "your own"),
        (order("staff001\u3000"), "your own"),
        (order(ends_on=date(2020, 3, 31)), "in the past"),
        (order(reason="  "), "reason"),
        (order(reason="在宅\u202e"), "control"),
        (order(""), "login"),
        (order("a\x00b"), "login"),
    ],
)
async def test_one_bad_line_keeps_the_whole_list_out(approvals: ApprovalService, bad: ApprovalOrder, said: str) -> None:
    me = Actor(tenant_id=CITY, name="user:user-1", roles=frozenset({Role.TENANT_ADMIN}), address="192.0.2.9")
    refused = await approvals.keep(me, [order(), bad])
    assert isinstance(refused, OrderRefused)
    assert refused.line == 2
    assert said in refused.why
    assert await approvals.list_all(me) == []


async def test_a_login_that_nobody_has_is_kept_and_told(approvals: ApprovalService) -> None:
    """It may be a slip of the pen, or somebody who has not been seen yet."""
    assert await approvals.keep(DESK, [order(), order("staf002")]) == ApprovalsKept(2, strangers=1)


async def test_who_may_not_does_not(approvals: ApprovalService) -> None:
    auditor = an_actor(Role.AUDITOR)
    assert await approvals.keep(auditor, [order()]) == NotAllowed(Action.CHANGE_POLICY)
    assert await approvals.withdraw(auditor, "staff002", "x") == NotAllowed(Action.CHANGE_POLICY)
    assert await approvals.list_all(an_actor()) == NotAllowed(Action.SEE_POLICY)
