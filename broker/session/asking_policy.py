"""The facts of one opening as the books hold them now, and what policy says to them."""

from broker.model.ids import TenantId, UserId
from broker.model.records import Pool, Tenant, User, WebSession
from broker.policy.decision import Decision, Deny
from broker.policy.facts import OpenFacts, PoolFacts, PrincipalFacts
from broker.policy.opening import may_open
from broker.pool.steps import note, user_actor
from broker.ports import Transaction
from broker.session.records import OpenDenied


async def decide(
    tx: Transaction, tenant_id: TenantId, user_id: UserId, web_session_hash: bytes, pool: Pool
) -> Decision:
    """Ask policy anew. A web session that is gone, expired or somebody else's makes the person unknown."""
    web = await live_web_session(tx, tenant_id, user_id, web_session_hash)
    user = await tx.people.get_user(tenant_id, user_id)
    tenant = await tx.people.get_tenant(tenant_id)
    return may_open(open_facts(tx, tenant, user, web, pool))


async def live_web_session(
    tx: Transaction, tenant_id: TenantId, user_id: UserId, web_session_hash: bytes
) -> WebSession | None:
    web = await tx.signin.get_web_session(web_session_hash)
    if web is None or web.expires_at <= tx.now or (web.tenant_id, web.user_id) != (tenant_id, user_id):
        return None
    return web


def open_facts(
    tx: Transaction, tenant: Tenant | None, user: User | None, web: WebSession | None, pool: Pool
) -> OpenFacts:
    """Facts for :func:`broker.policy.opening.may_open`; what is not known stays ``None``."""
    principal = None
    if user is not None and web is not None:
        principal = PrincipalFacts(
            tenant_id=user.tenant_id,
            user_id=user.id,
            groups=user.groups,
            roles=user.roles,
            is_locked=user.is_locked,
            second_factor=web.factor or None,
        )
    return OpenFacts(
        principal=principal,
        pool=PoolFacts(
            tenant_id=pool.tenant_id,
            pool_id=pool.id,
            zone_id=pool.zone_id,
            entitled_groups=pool.entitled_groups,
            origins=pool.origins,
            is_open=pool.is_open,
            grants=pool.grants,
        ),
        origin=None if web is None else web.origin,
        mode=None if tenant is None else tenant.mode,
        now=tx.now,
    )


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
