"""The IT desk's view of the rules: why, what if, and the mode."""

import asyncio
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.model.actor import Actor
from broker.model.ids import PoolId, TenantId
from broker.model.kinds import Mode
from broker.model.policy_records import DecisionRecord, ModeOrder
from broker.model.records import Tenant
from broker.model.text import clean_reason
from broker.people.records import NoSuchPerson
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.modes import mode_at, why_not_mode
from broker.policy.opening import may_open
from broker.policy.rehearsal import PastDecision, rehearse
from broker.policy.rulebook import OpenRules, rules_for
from broker.pool.applying_rules import refuse_past
from broker.pool.desired_rules import DesiredRules, read_desired_rules
from broker.pool.records import NoSuchPool
from broker.pool.steps import note
from broker.ports import Store
from broker.session.asking_policy import read_books, read_pool_rules
from broker.session.desk_records import Explained, ExplainQuestion, ModeState, Refusal, Rehearsed
from broker.session.facts import facts_as_if
from broker.session.recording import MEMORY, facts_of, purge_decisions
from broker.settings import SiteSettings

_MAX_DECISIONS: Final = 200_000


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
            since = tx.now - MEMORY
            records = await tx.policy.list_decisions(actor.tenant_id, since, _MAX_DECISIONS)
        # Thousands of decisions take seconds: beside the loop, so that nobody waits for a rehearsal.
        rehearsal = await asyncio.to_thread(
            lambda: rehearse((_past(record) for record in records), _rules_by_pool(desired), mode=mode)
        )
        async with self._store.read() as tx:
            user_ids = {change.user_id for change in (*rehearsal.losing, *rehearsal.gaining)}
            users = await tx.people.get_users(actor.tenant_id, user_ids)
        return Rehearsed(
            rehearsal=rehearsal,
            since=since,
            is_complete=len(records) < _MAX_DECISIONS,
            logins={user.id: user.login for user in users.values()},
        )

    async def mode(self, actor: Actor) -> ModeState | NotAllowed:
        if (refusal := refuse_action(actor.roles, Action.SEE_POLICY)) is not None:
            return refusal
        async with self._store.read() as tx:
            tenant = await tx.people.get_tenant(actor.tenant_id)
            return NotAllowed(Action.SEE_POLICY) if tenant is None else _state(tenant, mode_at(tenant, tx.now))

    async def set_mode(self, actor: Actor, order: ModeOrder, reason: str) -> ModeState | Refusal | NotAllowed:
        """What no longer may go on ends with the next round of the reconciler. ``reason`` goes into the audit."""
        if (refusal := refuse_action(actor.roles, Action.CHANGE_POLICY)) is not None:
            return refusal
        async with self._store.write() as tx:
            if (why := why_not_mode(order, reason, tx.now)) is not None:
                return Refusal(why)
            await tx.people.set_mode(actor.tenant_id, order)
            tenant = await tx.people.get_tenant(actor.tenant_id)
            if tenant is None:
                return NotAllowed(Action.CHANGE_POLICY)
            detail = {"mode": str(order.mode), "is_drill": str(order.is_drill).lower(), "reason": clean_reason(reason)}
            detail["until"] = "" if order.until is None else order.until.isoformat()
            subject = f"tenant:{tenant.id}"
            await note(tx, tenant.id, "mode.changed", subject, actor=actor.name, address=actor.address, detail=detail)
            return _state(tenant, mode_at(tenant, tx.now))

    async def purge(self) -> None:
        """Forget decisions that are too old to rehearse. To be called every few minutes."""
        await purge_decisions(self._store)


def _desired(settings: SiteSettings, tenant_id: TenantId) -> DesiredRules:
    asked = next((tenant for tenant in settings.tenants if tenant.id == tenant_id), None)
    if asked is None:
        raise ConfigurationError(f"tenants: {tenant_id} is not in these settings")
    return read_desired_rules(settings, asked)


def _rules_by_pool(desired: DesiredRules) -> dict[PoolId, OpenRules]:
    zones = {zone.id: zone for zone in desired.zones}
    found = {pool.id: rules_for(desired.tenant, zones.get(pool.zone_id), pool) for pool in desired.pools}
    return {pool_id: rules for pool_id, rules in found.items() if rules is not None}


def _past(record: DecisionRecord) -> PastDecision:
    try:
        facts = facts_of(record)
    except msgspec.MsgspecError:
        facts = None
    return PastDecision(at=record.at, user_id=record.user_id, pool_id=record.pool_id, reason=record.reason, facts=facts)


def _state(tenant: Tenant, now: Mode) -> ModeState:
    return ModeState(mode=tenant.mode, until=tenant.mode_until, is_drill=tenant.mode_is_drill, now=now)
