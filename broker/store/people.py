"""Tenants and people."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Executable, delete, exists, or_, select, update

from broker.errors import StoreError
from broker.lifecycle.session import LIVE_STATES
from broker.model.ids import TenantId, UserId
from broker.model.policy_records import ModeOrder
from broker.model.records import Tenant, User
from broker.store import people_statements as sql
from broker.store.policy_epoch import bump_epoch
from broker.store.schema.people import TENANT, TENANT_HOSTNAME, USER
from broker.store.schema.sessions import SESSION
from broker.store.schema.signin import WEB_SESSION
from broker.store.statements import Statements, columns_of, record_of

_IDS_PER_QUERY: Final = 500


class SqlPeople:
    """Implements :class:`broker.ports.PeopleTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def find_tenant_by_hostname(self, hostname: str) -> Tenant | None:
        rows = await self._db.fetch(sql.FIND_TENANT, {"asked": hostname.lower()})
        if not rows:
            return None
        hostnames = frozenset(str(row["hostname"]) for row in rows)
        columns = {name: value for name, value in rows[0].items() if name != "hostname"}
        return record_of(Tenant, {**columns, "hostnames": hostnames})

    async def get_tenant(self, tenant_id: TenantId) -> Tenant | None:
        found = await self._tenants(select(TENANT).where(TENANT.c.id == tenant_id))
        return found[0] if found else None

    async def list_tenants(self) -> list[Tenant]:
        return await self._tenants(select(TENANT).order_by(TENANT.c.id))

    async def put_tenant(self, tenant: Tenant) -> None:
        """Host names are kept in lower case; one that another tenant has raises :class:`StoreError`."""
        await self._db.put(TENANT, ["id"], columns_of(tenant, without=["hostnames"]))
        hostnames = sorted({hostname.lower() for hostname in tenant.hostnames})
        mine = TENANT_HOSTNAME.c.tenant_id == tenant.id
        await self._db.run(delete(TENANT_HOSTNAME).where(mine, TENANT_HOSTNAME.c.hostname.not_in(hostnames)))
        for hostname in hostnames:
            if not await self._db.add_if_new(TENANT_HOSTNAME, {"hostname": hostname, "tenant_id": tenant.id}):
                await self._refuse_foreign(tenant.id, hostname)
        await bump_epoch(self._db, tenant.id)

    async def set_mode(self, tenant_id: TenantId, order: ModeOrder) -> None:
        values = {"mode": order.mode, "mode_until": order.until, "mode_is_drill": order.is_drill}
        await self._db.run(update(TENANT).where(TENANT.c.id == tenant_id).values(**values))
        await bump_epoch(self._db, tenant_id)

    async def get_user(self, tenant_id: TenantId, user_id: UserId) -> User | None:
        return await self._db.first(User, sql.GET_USER, {"tenant_id": tenant_id, "id": user_id})

    async def get_users(self, tenant_id: TenantId, user_ids: Collection[UserId]) -> dict[UserId, User]:
        found: dict[UserId, User] = {}
        wanted = sorted(user_ids)
        for start in range(0, len(wanted), _IDS_PER_QUERY):
            some = wanted[start : start + _IDS_PER_QUERY]
            theirs = sql.USERS.where(USER.c.tenant_id == tenant_id, USER.c.id.in_(some))
            found |= {user.id: user for user in await self._db.every(User, theirs)}
        return found

    async def find_user(self, tenant_id: TenantId, login: str) -> User | None:
        return await self._db.first(User, sql.FIND_USER, {"tenant_id": tenant_id, "login": login})

    async def search_users(self, tenant_id: TenantId, text: str, limit: int) -> list[User]:
        """People whose login, name or department contains ``text``, whatever its case; by login."""
        columns = (USER.c.login, USER.c.display_name, USER.c.department)
        matches = or_(*(column.icontains(text, autoescape=True) for column in columns))
        found = sql.USERS.where(USER.c.tenant_id == tenant_id, matches).order_by(USER.c.login).limit(limit)
        return await self._db.every(User, found)

    async def put_user(self, user: User) -> User:
        """Raises :class:`StoreError` when the id belongs to another login."""
        before = await self.find_user(user.tenant_id, user.login)
        stored = await self._db.first(User, sql.PUT_USER, columns_of(user, without=["is_enrolled"]))
        if stored is None:
            raise StoreError("a user vanished while being stored")
        if before is None:
            return stored
        if before.groups != stored.groups:
            await bump_epoch(self._db, user.tenant_id)
        return msgspec.structs.replace(stored, is_enrolled=before.is_enrolled)

    async def set_locked(self, tenant_id: TenantId, user_id: UserId, is_locked: bool) -> None:
        await self._change(tenant_id, user_id, {"is_locked": is_locked})
        await bump_epoch(self._db, tenant_id)

    async def mark_left(self, tenant_id: TenantId, user_id: UserId) -> bool:
        mine = (USER.c.tenant_id == tenant_id, USER.c.id == user_id, USER.c.left_at.is_(None))
        if await self._db.touched(update(USER).where(*mine).values(left_at=self._db.now)) != 1:
            return False
        await bump_epoch(self._db, tenant_id)
        return True

    async def list_present(self, tenant_id: TenantId) -> list[User]:
        at_portal = exists().where(WEB_SESSION.c.tenant_id == USER.c.tenant_id, WEB_SESSION.c.user_id == USER.c.id)
        at_desktop = exists().where(
            SESSION.c.tenant_id == USER.c.tenant_id,
            SESSION.c.user_id == USER.c.id,
            SESSION.c.state.in_(sorted(LIVE_STATES)),
        )
        here = (USER.c.tenant_id == tenant_id, USER.c.left_at.is_(None), or_(at_portal, at_desktop))
        return await self._db.every(User, sql.USERS.where(*here).order_by(USER.c.login))

    async def mark_signed_in(self, tenant_id: TenantId, user_id: UserId) -> None:
        values = {"tenant_id": tenant_id, "user_id": user_id, "moment": self._db.now}
        await self._db.change(sql.MARK_SIGNED_IN, values)

    async def _change(self, tenant_id: TenantId, user_id: UserId, values: Mapping[str, Any]) -> None:
        mine = (USER.c.tenant_id == tenant_id, USER.c.id == user_id)
        await self._db.run(update(USER).where(*mine).values(**values))

    async def _tenants(self, statement: Executable) -> list[Tenant]:
        rows = (await self._db.run(statement)).mappings().all()
        ids = [row["id"] for row in rows]
        named = select(TENANT_HOSTNAME).where(TENANT_HOSTNAME.c.tenant_id.in_(ids))
        hostnames: dict[str, set[str]] = {tenant_id: set() for tenant_id in ids}
        for name in (await self._db.run(named)).mappings():
            hostnames[name["tenant_id"]].add(name["hostname"])
        return [record_of(Tenant, {**row, "hostnames": frozenset(hostnames[row["id"]])}) for row in rows]

    async def _refuse_foreign(self, tenant_id: TenantId, hostname: str) -> None:
        owner = select(TENANT_HOSTNAME.c.tenant_id).where(TENANT_HOSTNAME.c.hostname == hostname)
        if (await self._db.run(owner)).scalar() != tenant_id:
            raise StoreError(f"the host name {hostname} belongs to another tenant")
