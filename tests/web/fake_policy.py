"""Fakes of the desk's view of the rules, and of telework approvals."""

from collections.abc import Sequence

import msgspec

from broker.model.actor import Actor
from broker.model.grants import Grants
from broker.model.kinds import Mode, Origin
from broker.model.policy_records import ModeOrder, TeleworkApproval
from broker.model.reasons import DenyReason
from broker.model.rules import RuleSet, Waiver
from broker.people.approvals import (
    ApprovalOrder,
    ApprovalRow,
    ApprovalsKept,
    NoSuchApproval,
    OrderRefused,
)
from broker.people.records import NoSuchPerson
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.decision import Allow, Deny, TraceStep
from broker.policy.rehearsal import Change, Rehearsal
from broker.pool.records import NoSuchPool
from broker.session.desk_records import Explained, ExplainQuestion, ModeAwaits, ModeState, Refusal, Rehearsed
from broker.settings import SiteSettings
from tests.web.people import NOW, POOLS, STAFF, TENANT_ID


class OpenMinded:
    """Lets in whoever comes from the office; everybody else loses the first pool in every rehearsal."""

    def __init__(self) -> None:
        self.asked: list[ExplainQuestion] = []
        self.rehearsed: list[tuple[str, RuleSet | None, Mode | None]] = []
        self.state = ModeState(mode=Mode.NORMAL, until=None, is_drill=False, now=Mode.NORMAL)
        self.wants_two = False

    async def explain(
        self, actor: Actor, question: ExplainQuestion
    ) -> Explained | NoSuchPool | NoSuchPerson | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_POLICY):
            return refusal
        self.asked.append(question)
        if question.login != STAFF.login:
            return NoSuchPerson()
        pool = next((pool for pool, _zone in POOLS if pool.id == question.pool_id), None)
        if pool is None:
            return NoSuchPool()
        is_inside = question.place.origin is Origin.OFFICE
        trace = (TraceStep("origin_allowed", is_inside, f"origin={question.place.origin} refused by=baseline"),)
        decision = Allow(Grants(), trace) if is_inside else Deny(DenyReason.ORIGIN_NOT_ALLOWED, trace)
        return Explained(user=STAFF, pool=pool, at=question.at or NOW, decision=decision)

    async def rehearse(
        self, actor: Actor, settings: SiteSettings, mode: Mode | None = None
    ) -> Rehearsed | Refusal | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_POLICY):
            return refusal
        if not settings.tenants:
            return Refusal("tenants: sekibe is not in these settings")
        return _one_loses()

    async def rehearse_rules(
        self, actor: Actor, subject: str, rules: RuleSet | None, mode: Mode | None = None
    ) -> Rehearsed | Refusal | NotAllowed:
        self.rehearsed.append((subject, rules, mode))
        return refuse_action(actor.roles, Action.SEE_POLICY) or _one_loses()

    async def rehearse_exception(self, actor: Actor, waiver: Waiver) -> Rehearsed | Refusal | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_POLICY) or _one_loses()

    async def mode(self, actor: Actor) -> ModeState | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_POLICY) or self.state

    async def set_mode(
        self, actor: Actor, order: ModeOrder, reason: str
    ) -> ModeState | ModeAwaits | Refusal | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_POLICY):
            return refusal
        if order.mode is Mode.BCP and order.until is None:
            return Refusal("until: mode bcp needs an end")
        if order.is_drill and self.state.now is not Mode.NORMAL:
            return Refusal("is_drill: another mode is in force")
        if self.wants_two:
            return ModeAwaits("c-1")
        now = Mode.NORMAL if order.is_drill else order.mode
        self.state = ModeState(mode=order.mode, until=order.until, is_drill=order.is_drill, now=now)
        return self.state


def _one_loses() -> Rehearsed:
    losing = Change(user_id=STAFF.id, pool_id=POOLS[0][0].id, reason=DenyReason.OUTSIDE_HOURS, count=3, last_at=NOW)
    rehearsal = Rehearsal(decisions=9, unreadable=0, losing=(losing,), gaining=())
    return Rehearsed(rehearsal=rehearsal, since=NOW, is_complete=True, logins={STAFF.id: STAFF.login})


class KeptApprovals:
    """Keeps what it is told; ``p9001`` is the desk's own login."""

    def __init__(self) -> None:
        self.kept: dict[str, TeleworkApproval] = {}

    async def list_all(self, actor: Actor) -> list[ApprovalRow] | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_POLICY):
            return refusal
        return [ApprovalRow(approval, NOW.date() <= approval.ends_on) for approval in self.kept.values()]

    async def keep(self, actor: Actor, orders: Sequence[ApprovalOrder]) -> ApprovalsKept | OrderRefused | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_POLICY):
            return refusal
        for line, order in enumerate(orders, 1):
            if order.login == "p9001":
                return OrderRefused(line, "login: p9001 is your own; nobody approves their own telework")
            if order.ends_on < NOW.date():
                return OrderRefused(line, f"ends_on: {order.ends_on} is in the past")
        for order in orders:
            row = TeleworkApproval(tenant_id=TENANT_ID, set_by=actor.name, set_at=NOW, **msgspec.structs.asdict(order))
            self.kept[order.login] = row
        return ApprovalsKept(len(orders), sum(order.login.startswith("nobody") for order in orders))

    async def withdraw(self, actor: Actor, login: str, reason: str) -> ApprovalsKept | NoSuchApproval | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_POLICY):
            return refusal
        return ApprovalsKept(1) if self.kept.pop(login, None) else NoSuchApproval()
