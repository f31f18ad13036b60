"""A fake of the changes of rules that keeps what it is told: one list, and people who need each other."""

from datetime import timedelta

import msgspec

from broker.change.records import ChangeRow, ExceptionOrder, NoSuchChange, RulesInForce, RulesOrder
from broker.lifecycle.policy_change import CHANGE_STEPS, ChangeEvent, ChangeState
from broker.lifecycle.step import may_step, step
from broker.model.actor import Actor
from broker.model.kinds import Origin
from broker.model.policy_records import ChangeKind, ChangeSource, PolicyChange
from broker.model.rules import RuleSet, Waiver
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.second_person import ChangeRefusal, ChangeRefused, refuse_approval
from broker.policy.strictness import looser_parts
from broker.pool.rule_versions import Proposal
from tests.web.people import DESK, NOW, POOLS, SECOND, TENANT_ID
from web.context import RuleChangeOutcome

NAMES = {f"user:{person.id}": person.display_name for person in (DESK, SECOND)}


class KeptChanges:
    """``LGWAN 標準`` has rules; an exception that ends before today is refused."""

    def __init__(self) -> None:
        self.rows: list[ChangeRow] = []
        self.sets: dict[str, tuple[int, RuleSet]] = {
            "": (1, RuleSet()),
            POOLS[0][0].id: (1, RuleSet(groups=frozenset({"vdi-lgwan"}), origins=frozenset({Origin.OFFICE}))),
        }

    async def list_all(self, actor: Actor, kind: ChangeKind) -> list[ChangeRow] | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_POLICY):
            return refusal
        return [row for row in reversed(self.rows) if row.change.kind is kind]

    async def find(self, actor: Actor, change_id: str) -> ChangeRow | NoSuchChange | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_POLICY):
            return refusal
        return next((row for row in self.rows if row.change.id == change_id), NoSuchChange())

    async def request_exception(self, actor: Actor, order: ExceptionOrder, reason: str) -> RuleChangeOutcome:
        if refusal := refuse_action(actor.roles, Action.CHANGE_POLICY):
            return refusal
        if not reason:
            return ChangeRefused(ChangeRefusal.REASON_MISSING, "reason: is empty")
        if order.ends_on < NOW.date():
            return ChangeRefused(ChangeRefusal.IN_PAST, f"ends_on: {order.ends_on} is in the past")
        waiver = Waiver(id="", reason=reason, author=actor.name, approver="", **msgspec.structs.asdict(order))
        return self._add(actor, ChangeKind.EXCEPTION, "", waiver, ChangeState.REQUESTED, reason)

    async def rules(self, actor: Actor, subject: str) -> RulesInForce | NoSuchChange | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_POLICY):
            return refusal
        if subject not in self.sets:
            return NoSuchChange()
        number, rules = self.sets[subject]
        versions = [row for row in reversed(self.rows) if row.change.kind is ChangeKind.RULES]
        mine = [row for row in versions if row.change.subject == subject]
        return RulesInForce(subject=subject, number=number, rules=rules, versions=mine)

    async def save_rules(self, actor: Actor, order: RulesOrder, reason: str) -> RuleChangeOutcome:
        if refusal := refuse_action(actor.roles, Action.CHANGE_POLICY):
            return refusal
        number, before = self.sets[order.subject]
        if order.based_on != number:
            return ChangeRefused(ChangeRefusal.STALE, f"version {number} holds now")
        if not reason:
            return ChangeRefused(ChangeRefusal.REASON_MISSING, "reason: is empty")
        looser = looser_parts(before, order.rules)
        proposal = Proposal(**msgspec.structs.asdict(order.rules), based_on=number, looser=looser)
        if looser:
            return self._add(actor, ChangeKind.RULES, order.subject, proposal, ChangeState.REQUESTED, reason)
        self.sets[order.subject] = (number + 1, order.rules)
        self.rows = [self._replaced(row, order.subject) for row in self.rows]
        return self._add(actor, ChangeKind.RULES, order.subject, proposal, ChangeState.APPROVED, reason)

    async def go_back(self, actor: Actor, change_id: str, based_on: int, reason: str) -> RuleChangeOutcome:
        found = await self.find(actor, change_id)
        if not isinstance(found, ChangeRow) or not isinstance(found.content, RuleSet):
            return NoSuchChange()
        rules = found.content
        plain = RuleSet(restrictions=rules.restrictions, groups=rules.groups, origins=rules.origins)
        order = RulesOrder(subject=found.change.subject, rules=plain, based_on=based_on)
        return await self.save_rules(actor, order, reason)

    async def decide(self, actor: Actor, change_id: str, event: ChangeEvent, note: str) -> RuleChangeOutcome:
        if refusal := refuse_action(actor.roles, Action.CHANGE_POLICY):
            return refusal
        found = await self.find(actor, change_id)
        if not isinstance(found, ChangeRow):
            return NoSuchChange()
        change = found.change
        if not may_step(CHANGE_STEPS, change.state, event):
            return ChangeRefused(ChangeRefusal.ALREADY_OVER, f"it is {change.state}")
        now = NOW if actor.factor_at is None else actor.factor_at + timedelta(minutes=1)
        if event is ChangeEvent.APPROVED and (refused := refuse_approval(actor, change, now)):
            return refused
        state = step(CHANGE_STEPS, change.state, event)
        after = msgspec.structs.replace(change, state=state, decided_by=actor.name, decided_at=NOW, decision_note=note)
        row = msgspec.structs.replace(found, change=after, holds_now=state is ChangeState.APPROVED)
        self.rows = [row if kept is found else kept for kept in self.rows]
        return after

    def _add(
        self,
        actor: Actor,
        kind: ChangeKind,
        subject: str,
        content: Waiver | RuleSet,
        state: ChangeState,
        reason: str,
    ) -> PolicyChange:
        number = 1 + sum(row.change.kind is kind and row.change.subject == subject for row in self.rows)
        change = PolicyChange(
            tenant_id=TENANT_ID,
            id=f"c-{len(self.rows) + 1}",
            kind=kind,
            subject=subject,
            number=number,
            state=state,
            version=1,
            source=ChangeSource.CONSOLE,
            content="",
            reason=reason,
            requested_by=actor.name,
            requested_at=NOW,
        )
        holds = state is ChangeState.APPROVED
        self.rows.append(ChangeRow(change=change, content=content, names=NAMES, holds_now=holds))
        return change

    def _replaced(self, row: ChangeRow, subject: str) -> ChangeRow:
        mine = row.change.kind is ChangeKind.RULES and row.change.subject == subject
        if not mine or row.change.state is not ChangeState.APPROVED:
            return row
        change = msgspec.structs.replace(row.change, state=ChangeState.REPLACED)
        return msgspec.structs.replace(row, change=change, holds_now=False)
