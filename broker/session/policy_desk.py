"""The IT desk's view of the rules: why, what if, and the mode."""

import msgspec

from broker.change.modes import begin_mode, needs_two, request_mode
from broker.errors import ConfigurationError
from broker.model.actor import Actor
from broker.model.ids import TenantId
from broker.model.kinds import Mode
from broker.model.policy_records import ModeOrder
from broker.model.records import Tenant
from broker.model.rules import RuleSet, Waiver
from broker.people.records import NoSuchPerson
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.modes import mode_at, why_not_mode
from broker.policy.opening import may_open
from broker.policy.second_person import ChangeRefused
from broker.pool.applying_rules import refuse_past
from broker.pool.change_steps import Hand
from broker.pool.desired_rules import DesiredRules, read_desired_rules
from broker.pool.races import write_again
from broker.pool.records import NoSuchPool
from broker.ports import Store, Transaction
from broker.session.asking_policy import read_books, read_pool_rules
from broker.session.desk_records import Explained, ExplainQuestion, ModeAwaits, ModeState, Refusal, Rehearsed
from broker.session.facts import facts_as_if
from broker.session.recording import purge_decisions
from broker.session.rehearsing import read_rules_as_if, read_rules_of, read_rules_with, rehearse_past
from broker.settings import SiteSettings


class PolicyDesk:
    """Every method may raise :class:`broker.errors.StoreUnavailable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def explain(
        self, actor: Actor, question: ExplainQuestion
    ) -> Explained | NoSuchPool | NoSuchPerson | NotAllowed:
        """The decision that the door would come to, with every rule: the same function."""
        if (refusal := refuse_action(actor.roles, Action.SEE_POLICY)) is not None:
            return refusal
        async with self._store.read() as tx:
            user = await tx.people.find_user(actor.tenant_id, question.login)
            if user is None:
                return NoSuchPerson()
            pool = await tx.pools.get_pool(actor.tenant_id, question.pool_id)
            if pool is None:
                return NoSuchPool()
            person = await read_books(tx, await tx.people.get_tenant(actor.tenant_id), user, None)
            rules = await read_pool_rules(tx, person.tenant, pool)
            at = question.at or tx.now
        facts = facts_as_if(msgspec.structs.replace(person, now=at), pool, question.place, at)
        if question.mode is not None:
            facts = msgspec.structs.replace(facts, mode=question.mode)
        return Explained(user=user, pool=pool, at=at, decision=may_open(facts, rules))

    async def rehearse(
        self, actor: Actor, settings: SiteSettings, mode: Mode | None = None
    ) -> Rehearsed | Refusal | NotAllowed:
        """The last 30 days' decisions under the rules of other settings. Nothing is changed."""
        if (refusal := refuse_action(actor.roles, Action.SEE_POLICY)) is not None:
            return refusal
        try:
            desired = _desired(settings, actor.tenant_id)
            await refuse_past(self._store, [desired.tenant])
        except ConfigurationError as error:
            return Refusal(str(error))
        async with self._store.read() as tx:
            book = await read_rules_of(tx, desired)
        return await rehearse_past(self._store, actor.tenant_id, book, mode)

    async def rehearse_rules(
        self, actor: Actor, subject: str, rules: RuleSet | None, mode: Mode | None = None
    ) -> Rehearsed | Refusal | NotAllowed:
        """The same with other rules for one pool, or for the tenant where ``subject`` is empty; or as they are now."""
        if (refusal := refuse_action(actor.roles, Action.SEE_POLICY)) is not None:
            return refusal
        async with self._store.read() as tx:
            book = await read_rules_as_if(tx, actor.tenant_id, subject, rules)
        return await rehearse_past(self._store, actor.tenant_id, book, mode)

    async def rehearse_exception(self, actor: Actor, waiver: Waiver) -> Rehearsed | Refusal | NotAllowed:
        """The same as if this exception had held all the time."""
        if (refusal := refuse_action(actor.roles, Action.SEE_POLICY)) is not None:
            return refusal
        async with self._store.read() as tx:
            book = await read_rules_with(tx, actor.tenant_id, waiver)
        return await rehearse_past(self._store, actor.tenant_id, book, None)

    async def mode(self, actor: Actor) -> ModeState | NotAllowed:
        if (refusal := refuse_action(actor.roles, Action.SEE_POLICY)) is not None:
            return refusal
        async with self._store.read() as tx:
            tenant = await tx.people.get_tenant(actor.tenant_id)
            return NotAllowed(Action.SEE_POLICY) if tenant is None else _state(tenant, mode_at(tenant, tx.now))

    async def set_mode(
        self, actor: Actor, order: ModeOrder, reason: str
    ) -> ModeState | ModeAwaits | Refusal | NotAllowed:
        """What no longer may go on ends with the next round of the reconciler. ``reason`` goes into the audit."""
        if (refusal := refuse_action(actor.roles, Action.CHANGE_POLICY)) is not None:
            return refusal
        return await write_again(self._store, lambda tx: _order_mode(tx, actor, order, reason))

    async def purge(self) -> None:
        """Forget decisions that are too old to rehearse. To be called every few minutes."""
        await purge_decisions(self._store)


async def _order_mode(
    tx: Transaction, actor: Actor, order: ModeOrder, reason: str
) -> ModeState | ModeAwaits | Refusal | NotAllowed:
    if (why := why_not_mode(order, reason, tx.now)) is not None:
        return Refusal(why)
    await tx.changes.hold_rules(actor.tenant_id)
    tenant = await tx.people.get_tenant(actor.tenant_id)
    if tenant is None:
        return NotAllowed(Action.CHANGE_POLICY)
    if order.is_drill and mode_at(tenant, tx.now) is not Mode.NORMAL:
        return Refusal(f"is_drill: a drill would end mode {mode_at(tenant, tx.now)}, which is in force: end that first")
    if needs_two(tenant, order):
        asked = await request_mode(tx, actor, tenant, order, reason)
        return Refusal(asked.why) if isinstance(asked, ChangeRefused) else ModeAwaits(asked.id)
    await begin_mode(tx, tenant.id, order, Hand(name=actor.name, address=actor.address, note=reason))
    after = await tx.people.get_tenant(actor.tenant_id)
    return NotAllowed(Action.CHANGE_POLICY) if after is None else _state(after, mode_at(after, tx.now))


def _desired(settings: SiteSettings, tenant_id: TenantId) -> DesiredRules:
    asked = next((tenant for tenant in settings.tenants if tenant.id == tenant_id), None)
    if asked is None:
        raise ConfigurationError(f"tenants: {tenant_id} is not in these settings")
    return read_desired_rules(settings, asked)


def _state(tenant: Tenant, now: Mode) -> ModeState:
    return ModeState(mode=tenant.mode, until=tenant.mode_until, is_drill=tenant.mode_is_drill, now=now)
