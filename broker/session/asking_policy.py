"""The facts of one opening as the books hold them now, and what policy says to them."""

from datetime import datetime, time

import msgspec

from broker.device.recognition import as_it_stands
from broker.model.ids import TenantId, UserId
from broker.model.records import Pool, Tenant, User, WebSession
from broker.policy.calendar import week_of
from broker.policy.decision import Decision, Deny
from broker.policy.facts import OpenFacts
from broker.policy.local_time import local_time
from broker.policy.opening import may_open
from broker.policy.rulebook import OpenRules, rules_for
from broker.pool.steps import note, user_actor
from broker.ports import Transaction
from broker.session.facts import PersonInBooks, facts_at_door
from broker.session.records import OpenDenied


class Asked(msgspec.Struct, frozen=True):
    """A decision with what it was made of."""

    decision: Decision
    facts: OpenFacts


async def decide(
    tx: Transaction, tenant_id: TenantId, user_id: UserId, web_session_hash: bytes, pool: Pool
) -> Decision:
    """Ask policy anew. A web session that is gone, expired or somebody else's makes the person unknown."""
    return (await ask_policy(tx, await read_person(tx, tenant_id, user_id, web_session_hash), pool)).decision


async def ask_policy(tx: Transaction, person: PersonInBooks, pool: Pool) -> Asked:
    """Ask policy about one pool."""
    facts = facts_at_door(person, pool)
    return Asked(may_open(facts, await read_pool_rules(tx, person.tenant, pool)), facts)


async def read_pool_rules(tx: Transaction, tenant: Tenant | None, pool: Pool) -> OpenRules | None:
    return rules_for(tenant, await tx.pools.get_zone(pool.tenant_id, pool.zone_id), pool)


async def read_person(
    tx: Transaction, tenant_id: TenantId, user_id: UserId, web_session_hash: bytes | None
) -> PersonInBooks:
    """What the books hold about a person now; ``None`` for the hash: nobody is at the door."""
    web = None
    if web_session_hash is not None:
        web = await live_web_session(tx, tenant_id, user_id, web_session_hash)
    user = await tx.people.get_user(tenant_id, user_id)
    return await read_books(tx, await tx.people.get_tenant(tenant_id), user, web)


async def read_books(
    tx: Transaction, tenant: Tenant | None, user: User | None, web: WebSession | None
) -> PersonInBooks:
    if tenant is None or user is None:
        return PersonInBooks(tenant=tenant, user=user, web=web, approval=None, live=(), this_week=(), now=tx.now)
    monday = _monday(tx.now, tenant)
    return PersonInBooks(
        tenant=tenant,
        user=user,
        web=web,
        approval=await tx.policy.get_approval(tenant.id, user.login),
        consent=await tx.policy.get_consent(tenant.id, user.id),
        live=await tx.sessions.list_sessions(tenant.id, user_id=user.id),
        this_week=await tx.sessions.list_sessions(tenant.id, live_only=False, user_id=user.id, since=monday),
        now=tx.now,
    )


def _monday(now: datetime, tenant: Tenant) -> datetime:
    here = local_time(now, tenant.time_zone)
    return datetime.combine(week_of(here.date())[0], time.min, here.tzinfo)


async def live_web_session(
    tx: Transaction, tenant_id: TenantId, user_id: UserId, web_session_hash: bytes
) -> WebSession | None:
    web = await tx.signin.get_web_session(web_session_hash)
    if web is None or web.expires_at <= tx.now or (web.tenant_id, web.user_id) != (tenant_id, user_id):
        return None
    return await as_it_stands(tx, web)


async def note_denial(tx: Transaction, deny: Deny, pool: Pool, user_id: UserId, address: str) -> OpenDenied:
    """Write the refusal into the audit, with every rule that refused."""
    refused = ",".join(rule.rule for rule in deny.trace if not rule.passed)
    await note(
        tx,
        pool.tenant_id,
        "policy.denied",
        f"pool:{pool.id}",
        actor=user_actor(user_id),
        outcome=str(deny.reason),
        address=address,
        detail={"rules": refused},
    )
    return OpenDenied(deny.reason, deny.trace)
