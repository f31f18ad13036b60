"""Live sessions whose reason has gone end: the account was locked, the approval ended, the mode or a rule changed.
Where only what is granted changed, the tunnel ends, and the page's next one has the new grants.

Cheap where nothing happened: one small query tells whether a row changed that decisions rest on, and the clock
whether a moment passed at which they may change by themselves.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import msgspec

from broker.apart import apart
from broker.device.recognition import as_it_stands, with_device
from broker.lifecycle.session import SessionState
from broker.model.ids import PoolId, TenantId, ZoneId
from broker.model.reasons import EndReason
from broker.model.records import Pool, Session, Tenant, Zone
from broker.policy.boundaries import next_boundary
from broker.policy.decision import Allow, Decision, Deny
from broker.policy.opening import may_go_on
from broker.policy.rulebook import rules_for
from broker.pool.ending import End, end_session
from broker.pool.races import write_again
from broker.pool.records import Cut
from broker.ports import Transaction
from broker.session.asking_policy import read_books, read_pool_rules
from broker.session.context import SessionContext
from broker.session.ending import hang_up
from broker.session.facts import PersonInBooks, facts_of_standing
from broker.session.rules import end_reason_of, is_live

_ALL = 1_000_000


class _Seen(msgspec.Struct, frozen=True):
    epoch: int
    until: datetime


class SweepMemory:
    """What one broker has looked at. It may be lost: then everything is looked at once more."""

    def __init__(self) -> None:
        self._seen: dict[TenantId, _Seen] = {}

    def is_settled(self, tenant_id: TenantId, epoch: int, now: datetime) -> bool:
        seen = self._seen.get(tenant_id)
        return seen is not None and seen.epoch == epoch and now < seen.until

    def settle(self, tenant_id: TenantId, epoch: int, until: datetime) -> None:
        self._seen[tenant_id] = _Seen(epoch, until)


class _Rows(msgspec.Struct, frozen=True, kw_only=True):
    epoch: int
    until: datetime
    in_question: tuple[Session, ...]


async def sweep(context: SessionContext, memory: SweepMemory) -> list[Cut]:
    """End what may not go on; what the gateways have still to end is answered. A fault in one tenant is its own."""
    async with context.store.read() as tx:
        epochs = await tx.policy.list_epochs()
        changed = [tenant_id for tenant_id, epoch in epochs.items() if not memory.is_settled(tenant_id, epoch, tx.now)]
    cuts: list[Cut] = []
    for tenant_id in changed:
        await apart(tenant_id, partial(_sweep_tenant, context, memory, tenant_id, epochs[tenant_id], cuts))
    return cuts


async def _sweep_tenant(
    context: SessionContext, memory: SweepMemory, tenant_id: TenantId, epoch: int, cuts: list[Cut]
) -> None:
    """Settled only when every session was: what failed is looked at again in the next round."""
    async with context.store.read() as tx:
        rows = await _look_at(tx, tenant_id, epoch)
    if rows is None:
        return
    outcomes = [
        await apart(tenant_id, partial(_settle_in_store, context, session, cuts)) for session in rows.in_question
    ]
    if all(outcomes):
        memory.settle(tenant_id, rows.epoch, rows.until)


async def _settle_in_store(context: SessionContext, session: Session, cuts: list[Cut]) -> None:
    cuts += await write_again(context.store, partial(_settle, seen=session))


async def _look_at(tx: Transaction, tenant_id: TenantId, epoch: int) -> _Rows | None:
    tenant = await tx.people.get_tenant(tenant_id)
    if tenant is None:
        return None
    pools = {pool.id: pool for pool in await tx.pools.list_pools(tenant_id)}
    zones = {zone.id: zone for zone in await tx.pools.list_zones(tenant_id)}
    people = await _read_people(tx, tenant)
    live = [(person, session) for person in people for session in person.live]
    devices = await tx.devices.get_devices(tenant_id, {it.device_id for _, it in live if it.device_id is not None})
    in_question = [
        session
        for person, session in live
        if not _may_stay(session, _ask(person, pools, zones, with_device(session, devices, tx.now)))
    ]
    ends = [device.expires_at for device in devices.values() if device.expires_at > tx.now]
    until = min([next_boundary(tenant, pools.values(), tx.now), *ends])
    return _Rows(epoch=epoch, until=until, in_question=tuple(in_question))


async def _read_people(tx: Transaction, tenant: Tenant) -> list[PersonInBooks]:
    live = await tx.sessions.list_sessions(tenant.id, limit=_ALL)
    user_ids = {session.user_id for session in live}
    users = await tx.people.get_users(tenant.id, user_ids)
    approvals = {approval.login: approval for approval in await tx.policy.list_approvals(tenant.id)} if live else {}
    people: list[PersonInBooks] = []
    for user_id in sorted(user_ids):
        user = users.get(user_id)
        people.append(
            PersonInBooks(
                tenant=tenant,
                user=user,
                web=None,
                approval=None if user is None else approvals.get(user.login),
                live=[session for session in live if session.user_id == user_id],
                this_week=(),
                now=tx.now,
            )
        )
    return people


def _ask(
    person: PersonInBooks, pools: Mapping[PoolId, Pool], zones: Mapping[ZoneId, Zone], session: Session
) -> Decision:
    pool = pools[session.pool_id]
    rules = rules_for(person.tenant, zones.get(pool.zone_id), pool)
    return may_go_on(facts_of_standing(person, pool, session), rules)


def _may_stay(session: Session, decision: Decision) -> bool:
    """Whether nothing is to be done. Grants are renewed with every ticket, so only a tunnel can have old ones."""
    match decision:
        case Deny():
            return False
        case Allow(grants):
            return session.state is not SessionState.ACTIVE or grants == session.grants


async def _settle(tx: Transaction, seen: Session) -> list[Cut]:
    """Asked again on fresh rows: it may just have been put right."""
    session = await tx.sessions.get_session(seen.tenant_id, seen.id)
    pool = await tx.pools.get_pool(seen.tenant_id, seen.pool_id)
    if session is None or pool is None or not is_live(session):
        return []
    user = await tx.people.get_user(seen.tenant_id, seen.user_id)
    person = await read_books(tx, await tx.people.get_tenant(seen.tenant_id), user, None)
    rules = await read_pool_rules(tx, person.tenant, pool)
    decision = may_go_on(facts_of_standing(person, pool, await as_it_stands(tx, session)), rules)
    if _may_stay(session, decision):
        return []
    if isinstance(decision, Allow):
        return await hang_up(tx, session, EndReason.GRANTS_CHANGED)
    refused = ",".join(step.rule for step in decision.trace if not step.passed)
    return await end_session(tx, session, End(reason=end_reason_of(decision.reason), detail={"rules": refused}))
