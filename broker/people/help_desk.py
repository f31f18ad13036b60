"""One person as a help desk has to see them within seconds: what is in the way of a sign-in, and what was lately."""

import msgspec

from broker.model.actor import Actor
from broker.model.devices import Device
from broker.model.ids import UserId
from broker.model.policy_records import TeleworkApproval
from broker.model.records import AuditRecord, Pool, Session, Tenant, User, WebSession
from broker.model.throttle import Throttle
from broker.people.hindrances import Hindrance, SigninTold, find_hindrances, tell_signins
from broker.people.records import NoSuchPerson
from broker.people.rules import is_about
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import AuditQuery, Store, Transaction
from broker.signin.inputs import account_name

_MAX_LOCKS = 50
_LOOKED_THROUGH = 120
_EVENTS = ("signin.", "policy.denied", "websession.ended", "user.left")


class PersonSheet(msgspec.Struct, frozen=True, kw_only=True):
    """``signins`` newest first, refused ones under their name too; both empty for who may not read the audit."""

    user: User
    tenant: Tenant
    hindrances: tuple[Hindrance, ...]
    signins: tuple[SigninTold, ...]
    throttles: tuple[Throttle, ...]
    browsers: tuple[WebSession, ...]
    live: tuple[tuple[Session, Pool | None], ...]
    devices: tuple[Device, ...]
    device_names: dict[str, str]
    approval: TeleworkApproval | None


class HelpDesk:
    """Looks; changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def look(self, actor: Actor, user_id: UserId) -> PersonSheet | NoSuchPerson | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        may_see_audit = refuse_action(actor.roles, Action.SEE_AUDIT) is None
        async with self._store.read() as tx:
            user = await tx.people.get_user(actor.tenant_id, user_id)
            tenant = await tx.people.get_tenant(actor.tenant_id)
            if user is None or tenant is None:
                return NoSuchPerson()
            records = await _read_records(tx, user) if may_see_audit else []
            return await _make_sheet(tx, tenant, user, records)


async def _make_sheet(tx: Transaction, tenant: Tenant, user: User, records: list[AuditRecord]) -> PersonSheet:
    login = account_name(tenant.id, user.login).removeprefix(f"{tenant.id}:")
    throttles = await tx.signin.list_throttles(tenant.id, _MAX_LOCKS, login=login)
    devices = await tx.devices.list_devices_of(tenant.id, user.login)
    pools = {pool.id: pool for pool in await tx.pools.list_pools(tenant.id)}
    live = await tx.sessions.list_sessions(tenant.id, user_id=user.id)
    signins = tell_signins(records)
    return PersonSheet(
        user=user,
        tenant=tenant,
        hindrances=find_hindrances(user, tenant, throttles, devices, records, tx.now),
        signins=signins,
        throttles=tuple(throttles),
        browsers=tuple(await tx.signin.list_web_sessions_of(tenant.id, user.id)),
        live=tuple((session, pools.get(session.pool_id)) for session in live),
        devices=tuple(devices),
        device_names={device.id: device.name for device in devices},
        approval=await tx.policy.get_approval(tenant.id, user.login),
    )


async def _read_records(tx: Transaction, user: User) -> list[AuditRecord]:
    """What tells of sign-ins and what became of them, newest first."""
    found: dict[int, AuditRecord] = {}
    for prefix in _EVENTS:
        for text in (f"user:{user.id}", user.login):
            query = AuditQuery(event_prefix=prefix, text=text, limit=_LOOKED_THROUGH)
            for record in await tx.audit.search(user.tenant_id, query):
                if is_about(record, user):
                    found[record.id] = record
    return [found[number] for number in sorted(found, reverse=True)]
