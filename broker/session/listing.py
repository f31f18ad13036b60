"""What is running, for the portal and for the console."""

from broker.model.actor import Actor
from broker.model.ids import DesktopId, PoolId, SessionId
from broker.model.kinds import PoolKind
from broker.model.records import Desktop, Pool, Session
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.decision import Decision
from broker.policy.opening import may_open
from broker.policy.rulebook import rules_for
from broker.pool.abilities import ability_of
from broker.ports import Transaction
from broker.session.asking_policy import ask_policy, read_person
from broker.session.context import SessionContext
from broker.session.facts import facts_at_door
from broker.session.records import LiveSession, NoSuchPool, PoolView
from broker.signin.records import Authenticated

_ALL = 1_000_000


async def portal(context: SessionContext, auth: Authenticated) -> list[PoolView]:
    """Every pool of the tenant, with the decision for this person and what is running there for them."""
    user = auth.user
    views: list[PoolView] = []
    async with context.store.read() as tx:
        person = await read_person(tx, user.tenant_id, user.id, auth.session.token_hash)
        zones = {zone.id: zone for zone in await tx.pools.list_zones(user.tenant_id)}
        sessions = {session.pool_id: session for session in person.live}
        for pool in await tx.pools.list_pools(user.tenant_id):
            session = sessions.get(pool.id)
            view = PoolView(
                pool=pool,
                zone=zones[pool.zone_id],
                decision=may_open(facts_at_door(person, pool), rules_for(person.tenant, zones.get(pool.zone_id), pool)),
                session=session,
                has_desktop=await _has_desktop(tx, pool, auth, session),
                may_log_off=ability_of(context.providers, pool).logs_off,
            )
            views.append(view)
    return views


async def explain(context: SessionContext, auth: Authenticated, pool_id: PoolId) -> Decision | NoSuchPool:
    """May the person open this pool right now, and by which rules: the same function as at the door."""
    user = auth.user
    async with context.store.read() as tx:
        pool = await tx.pools.get_pool(user.tenant_id, pool_id)
        if pool is None:
            return NoSuchPool()
        person = await read_person(tx, user.tenant_id, user.id, auth.session.token_hash)
        return (await ask_policy(tx, person, pool)).decision


async def list_live(context: SessionContext, actor: Actor) -> list[LiveSession] | NotAllowed:
    """The live sessions of the actor's tenant, newest first."""
    if (refusal := refuse_action(actor.roles, Action.SEE_SESSIONS)) is not None:
        return refusal
    async with context.store.read() as tx:
        addresses = await _addresses(tx)
        pools = {pool.id: pool for pool in await tx.pools.list_pools(actor.tenant_id)}
        desktops = {desktop.id: desktop for desktop in await tx.pools.list_desktops(actor.tenant_id)}
        rows: list[LiveSession] = []
        for session in await tx.sessions.list_sessions(actor.tenant_id, limit=_ALL):
            user = await tx.people.get_user(actor.tenant_id, session.user_id)
            if user is not None:
                rows.append(
                    LiveSession(
                        session=session,
                        user=user,
                        pool=pools[session.pool_id],
                        desktop=_desktop_of(session, desktops),
                        address=addresses.get(session.id, ""),
                    )
                )
    return rows


async def _addresses(tx: Transaction) -> dict[SessionId, str]:
    return {attachment.session_id: attachment.address for attachment in await tx.sessions.list_open_attachments()}


def _desktop_of(session: Session, desktops: dict[DesktopId, Desktop]) -> Desktop | None:
    return None if session.desktop_id is None else desktops.get(session.desktop_id)


async def _has_desktop(tx: Transaction, pool: Pool, auth: Authenticated, session: Session | None) -> bool:
    if session is not None and session.desktop_id is not None:
        return True
    if pool.kind is not PoolKind.PERSISTENT:
        return False
    return await tx.pools.find_owned_desktop(pool.tenant_id, pool.id, auth.user.id) is not None
