"""Names for the audit: one statement for each kind of thing, however long the page is."""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, func, or_, select

from broker.model.ids import TenantId, UserId
from broker.model.records import Pool
from broker.ports.naming import Names, PersonName, References, SessionName
from broker.store.schema.devices import DEVICE
from broker.store.schema.people import USER
from broker.store.schema.pools import DESKTOP, POOL
from broker.store.schema.sessions import SESSION
from broker.store.statements import Statements

_PEOPLE: Final = select(USER.c.id, USER.c.login, USER.c.display_name)
_MAX_IDS: Final = 500
"""Ids in one statement: far below what any database takes."""


async def find_names(db: Statements, tenant_id: TenantId, asked: References) -> Names:
    """What the references are called. Sessions bring the names of their people and pools along."""
    rows = select(SESSION.c.id, SESSION.c.user_id, SESSION.c.pool_id).where(SESSION.c.tenant_id == tenant_id)
    sessions = {
        found.id: found
        for part in _parts(asked.sessions)
        for found in await db.every(SessionName, rows.where(SESSION.c.id.in_(part)))
    }
    users = asked.users | {session.user_id for session in sessions.values()}
    pools = asked.pools | {session.pool_id for session in sessions.values()}
    return Names(
        users={one.id: one for one in await _people(db, tenant_id, USER.c.id, users)},
        logins={one.login: one for one in await _people(db, tenant_id, USER.c.login, asked.logins)},
        pools={
            one.id: one
            for part in _parts(pools)
            for one in await db.every(Pool, select(POOL).where(POOL.c.tenant_id == tenant_id, POOL.c.id.in_(part)))
        },
        desktops={
            row["id"]: row["name"]
            for part in _parts(asked.desktops)
            for row in (await db.run(_named(DESKTOP, tenant_id, part))).mappings()
        },
        devices={
            row["id"]: row["name"]
            for part in _parts(asked.devices)
            for row in (await db.run(_named(DEVICE, tenant_id, part))).mappings()
        },
        sessions=sessions,
    )


async def find_people_called(db: Statements, tenant_id: TenantId, text: str, limit: int) -> list[UserId]:
    """People whose login or name contains ``text``; spaces between family and given name do not matter."""
    bare = text.replace(" ", "").replace("\u3000", "")
    if not bare:
        return []
    name = func.replace(func.replace(USER.c.display_name, " ", ""), "\u3000", "")
    called = or_(USER.c.login.icontains(bare, autoescape=True), name.icontains(bare, autoescape=True))
    found = select(USER.c.id).where(USER.c.tenant_id == tenant_id, called).order_by(USER.c.login).limit(limit)
    return [UserId(row["id"]) for row in (await db.run(found)).mappings()]


async def _people(
    db: Statements, tenant_id: TenantId, column: ColumnElement[Any], values: Collection[str]
) -> list[PersonName]:
    mine = _PEOPLE.where(USER.c.tenant_id == tenant_id)
    return [one for part in _parts(values) for one in await db.every(PersonName, mine.where(column.in_(part)))]


def _named(table: Table, tenant_id: TenantId, ids: Collection[str]) -> Select[tuple[Any, Any]]:
    return select(table.c.id, table.c.name).where(table.c.tenant_id == tenant_id, table.c.id.in_(ids))


def _parts(values: Collection[str]) -> Iterable[list[str]]:
    rest = iter(sorted(values))
    while part := list(islice(rest, _MAX_IDS)):
        yield part
