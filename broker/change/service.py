"""Changes of what decisions rest on, as the console, the API and the command line ask for them."""

from collections.abc import Awaitable, Callable
from functools import partial

from broker.change.deciding import decide
from broker.change.exceptions import put_granted, request_exception
from broker.change.listing import rows_of
from broker.change.records import ChangeRow, ExceptionOrder, NoSuchChange, RulesInForce, RulesOrder
from broker.change.rule_sets import rules_now, save_rules
from broker.lifecycle.policy_change import ChangeEvent
from broker.model.actor import Actor
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.second_person import ChangeRefused
from broker.pool.change_steps import Hand, step_change
from broker.pool.races import write_again
from broker.pool.rule_versions import find_version, rules_in
from broker.ports import Store, Transaction

ChangeOutcome = PolicyChange | ChangeRefused | NoSuchChange | NotAllowed


class ChangeService:
    """Every method may raise :class:`broker.errors.StoreUnavailable`.

    ``wake`` asks the reconciler for a round now, so that sessions which may not go on end at once.
    """

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    async def list_all(self, actor: Actor, kind: ChangeKind) -> list[ChangeRow] | NotAllowed:
        """The newest first, with the names of everybody who had a hand in them."""
        if (refusal := refuse_action(actor.roles, Action.SEE_POLICY)) is not None:
            return refusal
        async with self._store.read() as tx:
            return await rows_of(tx, actor.tenant_id, await tx.changes.list_changes(actor.tenant_id, kind))

    async def find(self, actor: Actor, change_id: str) -> ChangeRow | NoSuchChange | NotAllowed:
        if (refusal := refuse_action(actor.roles, Action.SEE_POLICY)) is not None:
            return refusal
        async with self._store.read() as tx:
            change = await tx.changes.get_change(actor.tenant_id, change_id)
            return NoSuchChange() if change is None else (await rows_of(tx, actor.tenant_id, [change]))[0]

    async def request_exception(self, actor: Actor, order: ExceptionOrder, reason: str) -> ChangeOutcome:
        """Ask for an exception. Nothing is loosened before somebody else approves it."""

        async def work(tx: Transaction) -> ChangeOutcome:
            tenant = await tx.people.get_tenant(actor.tenant_id)
            return NoSuchChange() if tenant is None else await request_exception(tx, actor, tenant, order, reason)

        return await self._change(actor, work)

    async def rules(self, actor: Actor, subject: str) -> RulesInForce | NoSuchChange | NotAllowed:
        """The rules of a pool, or with an empty subject of the tenant, and all their versions."""
        if (refusal := refuse_action(actor.roles, Action.SEE_POLICY)) is not None:
            return refusal
        async with self._store.read() as tx:
            tenant = await tx.people.get_tenant(actor.tenant_id)
            rules = None if tenant is None else await rules_now(tx, tenant, subject)
            if rules is None:
                return NoSuchChange()
            held = await find_version(tx, actor.tenant_id, subject)
            versions = await tx.changes.list_changes(actor.tenant_id, ChangeKind.RULES, subject=subject)
            return RulesInForce(
                subject=subject,
                number=0 if held is None else held.number,
                rules=rules,
                versions=await rows_of(tx, actor.tenant_id, versions),
            )

    async def save_rules(self, actor: Actor, order: RulesOrder, reason: str) -> ChangeOutcome:
        """Stricter rules hold at once; looser ones wait for a second person."""

        async def work(tx: Transaction) -> ChangeOutcome:
            tenant = await tx.people.get_tenant(actor.tenant_id)
            return NoSuchChange() if tenant is None else await save_rules(tx, actor, tenant, order, reason)

        return await self._change(actor, work)

    async def go_back(self, actor: Actor, change_id: str, based_on: int, reason: str) -> ChangeOutcome:
        """Save the rules of a former version anew."""
        async with self._store.read() as tx:
            former = await tx.changes.get_change(actor.tenant_id, change_id)
        if former is None or former.kind is not ChangeKind.RULES:
            return NoSuchChange()
        order = RulesOrder(subject=former.subject, rules=rules_in(former), based_on=based_on)
        return await self.save_rules(actor, order, reason)

    async def decide(self, actor: Actor, change_id: str, event: ChangeEvent, note: str) -> ChangeOutcome:
        """Approve or reject as the second person, withdraw one's own request, or revoke an approved exception.

        What is approved holds on every broker from now on; what is revoked ends with the reconciler's next round.
        """
        return await self._change(actor, lambda tx: decide(tx, actor, change_id, event, note))

    async def expire(self) -> None:
        """Write down what has come to its end. Decisions look at the day themselves and do not wait for this."""
        async with self._store.read() as tx:
            due = await tx.changes.list_due(tx.now)
        for change in due:
            await write_again(self._store, partial(_expire, due=change))
        if due:
            self._wake()

    async def _change(self, actor: Actor, work: Callable[[Transaction], Awaitable[ChangeOutcome]]) -> ChangeOutcome:
        if (refusal := refuse_action(actor.roles, Action.CHANGE_POLICY)) is not None:
            return refusal

        async def held(tx: Transaction) -> ChangeOutcome:
            await tx.changes.hold_rules(actor.tenant_id)
            return await work(tx)

        outcome = await write_again(self._store, held)
        if isinstance(outcome, PolicyChange):
            self._wake()
        return outcome


async def _expire(tx: Transaction, due: PolicyChange) -> None:
    """Asked again on the fresh row: somebody may just have ended it."""
    await tx.changes.hold_rules(due.tenant_id)
    change = await tx.changes.get_change(due.tenant_id, due.id)
    if change is None or change.version != due.version:
        return
    await step_change(tx, change, ChangeEvent.EXPIRED, Hand(note="its last day has passed"))
    if change.kind is ChangeKind.EXCEPTION:
        await put_granted(tx, change.tenant_id)
