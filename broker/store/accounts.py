"""Local accounts."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, and_, false, func, or_, select, update

from broker.model.accounts import LocalAccount, login_key_of
from broker.model.ids import TenantId, UserId
from broker.store.prepared import Prepared, place
from broker.store.schema.accounts import LOCAL_ACCOUNT
from broker.store.schema.people import USER
from broker.store.statements import Statements, columns_of

_ACCOUNT = LOCAL_ACCOUNT.c
# Every sign-in asks for one, of a directory's people too.
_FIND: Final = Prepared(
    select(LOCAL_ACCOUNT).where(
        _ACCOUNT.tenant_id == place(_ACCOUNT.tenant_id), _ACCOUNT.login_key == place(_ACCOUNT.login_key)
    )
)


class SqlAccounts:
    """Implements :class:`broker.ports.AccountTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def find(self, tenant_id: TenantId, login: str) -> LocalAccount | None:
        named = {"tenant_id": tenant_id, "login_key": login_key_of(login)}
        return await self._db.first(LocalAccount, _FIND, named)

    async def get(self, tenant_id: TenantId, user_id: UserId) -> LocalAccount | None:
        this = (_ACCOUNT.tenant_id == tenant_id, _ACCOUNT.user_id == user_id)
        return await self._db.one(LocalAccount, select(LOCAL_ACCOUNT).where(*this))

    async def list_all(self, tenant_id: TenantId) -> list[LocalAccount]:
        kept = (_ACCOUNT.tenant_id == tenant_id, _ACCOUNT.is_deleted == false())
        return await self._db.every(LocalAccount, select(LOCAL_ACCOUNT).where(*kept).order_by(_ACCOUNT.login_key))

    async def has_any(self, tenant_id: TenantId) -> bool:
        counted = select(func.count()).select_from(LOCAL_ACCOUNT)
        return await self._db.number(counted.where(_ACCOUNT.tenant_id == tenant_id, self._stands())) > 0

    async def list_ended(self, now: datetime) -> list[LocalAccount]:
        over = and_(_ACCOUNT.is_deleted == false(), _ACCOUNT.is_disabled == false(), _ACCOUNT.expires_at <= now)
        return await self._db.every(LocalAccount, select(LOCAL_ACCOUNT).where(over))

    async def list_emergencies(self, tenant_id: TenantId) -> list[LocalAccount]:
        active = (_ACCOUNT.tenant_id == tenant_id, _ACCOUNT.is_emergency, self._stands())
        return await self._db.every(LocalAccount, select(LOCAL_ACCOUNT).where(*active).order_by(_ACCOUNT.login_key))

    async def find_namesakes(self, tenant_id: TenantId, login: str) -> list[UserId]:
        key = login_key_of(login)
        rows = await self._db.run(select(USER.c.id, USER.c.login).where(USER.c.tenant_id == tenant_id))
        return [UserId(row.id) for row in rows if login_key_of(row.login) == key]

    async def add(self, account: LocalAccount) -> bool:
        return await self._db.add_if_new(LOCAL_ACCOUNT, columns_of(account))

    async def swap(self, before: LocalAccount, after: LocalAccount) -> LocalAccount | None:
        this = (_ACCOUNT.tenant_id == before.tenant_id, _ACCOUNT.user_id == before.user_id)
        stored = msgspec.structs.replace(after, version=before.version + 1)
        changed = update(LOCAL_ACCOUNT).where(*this, _ACCOUNT.version == before.version)
        values = columns_of(stored, without=["tenant_id", "user_id"])
        return stored if await self._db.touched(changed.values(**values)) == 1 else None

    def _stands(self) -> ColumnElement[bool]:
        is_open = or_(_ACCOUNT.expires_at.is_(None), _ACCOUNT.expires_at > self._db.now)
        return and_(_ACCOUNT.is_deleted == false(), _ACCOUNT.is_disabled == false(), is_open)
