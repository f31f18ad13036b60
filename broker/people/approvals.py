"""Telework approvals as the IT desk keeps them: set, imported, withdrawn. Each change is in the audit."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from broker.model.actor import Actor
from broker.model.ids import UserId
from broker.model.policy_records import TeleworkApproval
from broker.model.text import clean_reason
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.checking import has_control_characters
from broker.policy.local_time import local_time
from broker.ports import AuditEntry, Store, Transaction

MAX_ORDERS: Final = 20_000
_MAX_LOGIN: Final = 200
_MOST_LOOKED_UP: Final = 200


class ApprovalOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One approval to be kept, in the place of one that the person may have. ``ends_on`` is its last day."""

    login: str
    ends_on: date
    reason: str


class OrderRefused(msgspec.Struct, frozen=True):
    """``line`` counts from 1 within what was handed in. Nothing of it was kept."""

    line: int
    why: str


class ApprovalRow(msgspec.Struct, frozen=True):
    """``is_in_force``: its last day has not passed."""

    approval: TeleworkApproval
    is_in_force: bool


class ApprovalsKept(msgspec.Struct, frozen=True):
    """``strangers``: how many of them are for logins that nobody is known by so far. They may be slips of the pen, or
    people who have not been seen yet; long lists are not looked through."""

    count: int
    strangers: int = 0


class NoSuchApproval(msgspec.Struct, frozen=True):
    pass


class ApprovalService:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list_all(self, actor: Actor) -> list[ApprovalRow] | NotAllowed:
        """By login."""
        if refusal := refuse_action(actor.roles, Action.SEE_POLICY):
            return refusal
        async with self._store.read() as tx:
            today = await _today(tx, actor)
            approvals = await tx.policy.list_approvals(actor.tenant_id)
            return [ApprovalRow(approval, today <= approval.ends_on) for approval in approvals]

    async def keep(self, actor: Actor, orders: Sequence[ApprovalOrder]) -> ApprovalsKept | OrderRefused | NotAllowed:
        """Keep all of them, or none when one can't be."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_POLICY):
            return refusal
        async with self._store.write() as tx:
            today, own = await _today(tx, actor), await _own_login(tx, actor)
            for line, order in enumerate(orders, 1):
                if (why := why_not(order, today=today, own_login=own)) is not None:
                    return OrderRefused(line, why)
            for order in orders:
                await _keep(tx, actor, order)
            return ApprovalsKept(len(orders), await _count_strangers(tx, actor, orders))

    async def withdraw(self, actor: Actor, login: str, reason: str) -> ApprovalsKept | NoSuchApproval | NotAllowed:
        """Live sessions that need it end with the next round of the reconciler."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_POLICY):
            return refusal
        async with self._store.write() as tx:
            if not await tx.policy.remove_approval(actor.tenant_id, login):
                return NoSuchApproval()
            detail = {"reason": clean_reason(reason)}
            await tx.audit.append(_entry(actor, "approval.withdrawn", login, detail))
        return ApprovalsKept(1)


def why_not(order: ApprovalOrder, *, today: date, own_login: str | None) -> str | None:
    """Why an approval can't be kept. Nobody approves their own."""
    login = order.login.strip()
    if not 0 < len(login) <= _MAX_LOGIN or has_control_characters(order.login):
        return "login: is empty, too long or holds control characters"
    if own_login is not None and login.casefold() == own_login.casefold():
        return f"login: {login} is your own; nobody approves their own telework"
    if order.ends_on < today:
        return f"ends_on: {order.ends_on} is in the past"
    if not order.reason.strip() or has_control_characters(order.reason):
        return "reason: is empty or holds control characters"
    return None


async def _count_strangers(tx: Transaction, actor: Actor, orders: Sequence[ApprovalOrder]) -> int:
    if len(orders) > _MOST_LOOKED_UP:
        return 0
    found = [await tx.people.find_user(actor.tenant_id, order.login.strip()) for order in orders]
    return found.count(None)


async def _keep(tx: Transaction, actor: Actor, order: ApprovalOrder) -> None:
    reason = clean_reason(order.reason)
    login = order.login.strip()
    await tx.policy.put_approval(
        TeleworkApproval(
            tenant_id=actor.tenant_id,
            login=login,
            ends_on=order.ends_on,
            reason=reason,
            set_by=actor.name,
            set_at=tx.now,
        )
    )
    detail = {"ends_on": order.ends_on.isoformat(), "reason": reason}
    await tx.audit.append(_entry(actor, "approval.set", login, detail))


async def _today(tx: Transaction, actor: Actor) -> date:
    tenant = await tx.people.get_tenant(actor.tenant_id)
    moment: datetime = tx.now if tenant is None else local_time(tx.now, tenant.time_zone)
    return moment.date()


async def _own_login(tx: Transaction, actor: Actor) -> str | None:
    user = await tx.people.get_user(actor.tenant_id, UserId(actor.name.removeprefix("user:")))
    return None if user is None else user.login


def _entry(actor: Actor, event: str, login: str, detail: dict[str, str]) -> AuditEntry:
    return AuditEntry(
        tenant_id=actor.tenant_id,
        event=event,
        actor=actor.name,
        subject=f"approval:{login}",
        address=actor.address,
        detail={"login": login, **detail},
    )
