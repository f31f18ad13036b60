"""People, groups and departments of directories as the console asks for them."""

from typing import Any, Final

import msgspec
from sqlalchemy import Select, Text, and_, cast, func, or_, select, tuple_

from broker.model.directory import Counted, DirectoryCounts, KnownPerson
from broker.model.ids import TenantId
from broker.store.people_statements import IS_ENROLLED
from broker.store.schema.directory import DIRECTORY_GROUP, DIRECTORY_PERSON
from broker.store.schema.people import USER
from broker.store.statements import Statements

_PERSON: Final = DIRECTORY_PERSON.c
_GROUP: Final = DIRECTORY_GROUP.c
_SHOWN: Final = (
    "directory", "entry_id", "login", "display_name", "department", "groups", "is_enabled", "expires_at", "gone_at",
)  # fmt: skip


class DirectorySearch:
    """The part of :class:`broker.ports.DirectoryTx` that only looks."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def search_people(
        self, tenant_id: TenantId, text: str, *, after: tuple[str, str] | None, limit: int, only_new: bool
    ) -> list[KnownPerson]:
        columns = (_PERSON.login, _PERSON.display_name, _PERSON.department)
        found = _people(tenant_id).where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
        if only_new:
            found = found.where(USER.c.id.is_(None))
        if after is not None:
            found = found.where(tuple_(_PERSON.login, _PERSON.entry_id) > after)
        return await self._db.every(KnownPerson, found.order_by(_PERSON.login, _PERSON.entry_id).limit(limit))

    async def find_login(self, tenant_id: TenantId, login: str) -> list[KnownPerson]:
        return await self._db.every(KnownPerson, _people(tenant_id).where(_PERSON.login == login))

    async def list_members(self, tenant_id: TenantId, directory: str, group: str, limit: int) -> list[str]:
        written = msgspec.json.encode(group).decode()
        # The databases compare the text of the list in their own ways; what counts is the list itself.
        found = select(_PERSON.login, _PERSON.groups).where(
            _PERSON.tenant_id == tenant_id,
            _PERSON.directory == directory,
            _PERSON.gone_at.is_(None),
            cast(_PERSON.groups, Text).contains(written, autoescape=True),
        )
        rows = await self._db.run(found.order_by(_PERSON.login).limit(limit))
        return [str(login) for login, groups in rows if group in groups]

    async def counts(self, tenant_id: TenantId, directory: str) -> DirectoryCounts:
        people = (_PERSON.tenant_id == tenant_id, _PERSON.directory == directory, _PERSON.gone_at.is_(None))
        groups = (_GROUP.tenant_id == tenant_id, _GROUP.directory == directory, _GROUP.gone_at.is_(None))
        departments = select(func.count(_PERSON.department.distinct())).where(*people, _PERSON.department != "")
        return DirectoryCounts(
            people=await self._db.number(select(func.count()).select_from(DIRECTORY_PERSON).where(*people)),
            groups=await self._db.number(select(func.count()).select_from(DIRECTORY_GROUP).where(*groups)),
            departments=await self._db.number(departments),
        )

    async def list_departments(self, tenant_id: TenantId) -> list[Counted]:
        theirs = (_PERSON.tenant_id == tenant_id, _PERSON.gone_at.is_(None), _PERSON.department != "")
        counted = select(_PERSON.department.label("name"), func.count().label("people")).where(*theirs)
        return await self._db.every(Counted, counted.group_by(_PERSON.department).order_by(_PERSON.department))

    async def list_groups(self, tenant_id: TenantId) -> list[str]:
        theirs = (_GROUP.tenant_id == tenant_id, _GROUP.gone_at.is_(None))
        rows = await self._db.run(select(_GROUP.name).distinct().where(*theirs).order_by(_GROUP.name))
        return [str(row[0]) for row in rows]


def _people(tenant_id: TenantId) -> Select[Any]:
    """Those who are not gone, each with their account."""
    account = and_(USER.c.tenant_id == _PERSON.tenant_id, USER.c.login == _PERSON.login)
    shown = (_PERSON[name] for name in _SHOWN)
    of_account = (USER.c.id.label("user_id"), USER.c.last_signed_in_at, IS_ENROLLED.label("is_enrolled"))
    found = select(*shown, *of_account).select_from(DIRECTORY_PERSON.outerjoin(USER, account))
    return found.where(_PERSON.tenant_id == tenant_id, _PERSON.gone_at.is_(None))
