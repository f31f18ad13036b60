"""Zones, pools and desktops."""

import secrets
from typing import Any, Final

from sqlalchemy import ScalarSelect, and_, exists, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from broker.errors import StoreError
from broker.lifecycle.desktop import DESKTOP_STEPS, DesktopEvent, DesktopState
from broker.lifecycle.step import step
from broker.model.ids import DesktopId, PoolId, TenantId, UserId, ZoneId
from broker.model.records import Desktop, Pool, Zone
from broker.store.policy_epoch import bump_epoch
from broker.store.schema.pools import DESKTOP, POOL, ZONE
from broker.store.schema.sessions import ASSIGNMENT
from broker.store.statements import Statements, columns_of

_PICK_KEYS: Final = 1 << 62


class SqlPools:
    """Implements :class:`broker.ports.PoolTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def list_zones(self, tenant_id: TenantId) -> list[Zone]:
        return await self._db.every(Zone, select(ZONE).where(ZONE.c.tenant_id == tenant_id).order_by(ZONE.c.id))

    async def get_zone(self, tenant_id: TenantId, zone_id: ZoneId) -> Zone | None:
        return await self._db.one(Zone, select(ZONE).where(ZONE.c.tenant_id == tenant_id, ZONE.c.id == zone_id))

    async def put_zone(self, zone: Zone) -> None:
        await self._db.put(ZONE, ["tenant_id", "id"], columns_of(zone))
        await bump_epoch(self._db, zone.tenant_id)

    async def list_pools(self, tenant_id: TenantId) -> list[Pool]:
        return await self._db.every(Pool, select(POOL).where(POOL.c.tenant_id == tenant_id).order_by(POOL.c.id))

    async def get_pool(self, tenant_id: TenantId, pool_id: PoolId) -> Pool | None:
        return await self._db.one(Pool, select(POOL).where(POOL.c.tenant_id == tenant_id, POOL.c.id == pool_id))

    async def put_pool(self, pool: Pool) -> None:
        await self._db.put(POOL, ["tenant_id", "id"], columns_of(pool))
        await bump_epoch(self._db, pool.tenant_id)

    async def list_desktops(self, tenant_id: TenantId, pool_id: PoolId | None = None) -> list[Desktop]:
        """By name, then id."""
        theirs = select(DESKTOP).where(DESKTOP.c.tenant_id == tenant_id)
        if pool_id is not None:
            theirs = theirs.where(DESKTOP.c.pool_id == pool_id)
        return await self._db.every(Desktop, theirs.order_by(DESKTOP.c.name, DESKTOP.c.id))

    async def get_desktop(self, tenant_id: TenantId, desktop_id: DesktopId) -> Desktop | None:
        mine = (DESKTOP.c.tenant_id == tenant_id, DESKTOP.c.id == desktop_id)
        return await self._db.one(Desktop, select(DESKTOP).where(*mine))

    async def find_owned_desktop(self, tenant_id: TenantId, pool_id: PoolId, owner_id: UserId) -> Desktop | None:
        """In a writing transaction the person's place in the pool stays held, so that only one desktop is made."""
        await self._db.hold(f"owner:{tenant_id}:{pool_id}:{owner_id}")
        mine = (*_in_pool(tenant_id, pool_id), DESKTOP.c.owner_id == owner_id)
        return await self._db.one(Desktop, select(DESKTOP).where(*mine))

    async def count_desktops(self, tenant_id: TenantId, pool_id: PoolId) -> int:
        """In a writing transaction the count stays held, so that two brokers do not go over ``max_size``."""
        await self._db.hold(f"pool:{tenant_id}:{pool_id}")
        theirs = _in_pool(tenant_id, pool_id)
        return await self._db.number(select(func.count()).select_from(DESKTOP).where(*theirs))

    async def add_desktop(self, desktop: Desktop) -> None:
        """Raises :class:`StoreError` when its owner already has one in this pool (unique index)."""
        await self._db.add(DESKTOP, {**columns_of(desktop), "pick_key": secrets.randbelow(_PICK_KEYS)})

    async def swap_desktop(self, before: Desktop, after: Desktop) -> Desktop | None:
        if (before.tenant_id, before.id) != (after.tenant_id, after.id):
            raise StoreError("a desktop can't be swapped for another one")
        unchanged = (
            DESKTOP.c.tenant_id == before.tenant_id,
            DESKTOP.c.id == before.id,
            DESKTOP.c.version == before.version,
        )
        values = columns_of(after, without=["tenant_id", "id"]) | {"version": before.version + 1}
        return await self._db.one(Desktop, update(DESKTOP).where(*unchanged).values(**values).returning(*DESKTOP.c))

    async def reserve_ready(self, tenant_id: TenantId, pool_id: PoolId) -> Desktop | None:
        """One statement. On PostgreSQL rows that another transaction is just changing are passed over."""
        pivot = secrets.randbelow(_PICK_KEYS)
        free = _is_free(tenant_id, pool_id)
        onward = _first(and_(free, DESKTOP.c.pick_key >= pivot))
        around = _first(and_(free, DESKTOP.c.pick_key < pivot))
        chosen = (DESKTOP.c.tenant_id == tenant_id, DESKTOP.c.id == func.coalesce(onward, around))
        values = {
            "state": step(DESKTOP_STEPS, DesktopState.READY, DesktopEvent.RESERVED),
            "version": DESKTOP.c.version + 1,
            "state_since": self._db.now,
            "state_until": None,
        }
        reserved = update(DESKTOP).where(*chosen, DESKTOP.c.state == DesktopState.READY).values(**values)
        return await self._db.one(Desktop, reserved.returning(*DESKTOP.c))


def _in_pool(tenant_id: TenantId, pool_id: PoolId) -> tuple[ColumnElement[bool], ...]:
    return (
        DESKTOP.c.tenant_id == tenant_id,
        DESKTOP.c.pool_id == pool_id,
        DESKTOP.c.state != DesktopState.RETIRED,
    )


def _is_free(tenant_id: TenantId, pool_id: PoolId) -> ColumnElement[bool]:
    held = exists().where(
        ASSIGNMENT.c.tenant_id == DESKTOP.c.tenant_id,
        ASSIGNMENT.c.desktop_id == DESKTOP.c.id,
        ASSIGNMENT.c.released_at.is_(None),
    )
    return and_(
        DESKTOP.c.tenant_id == tenant_id,
        DESKTOP.c.pool_id == pool_id,
        DESKTOP.c.state == DesktopState.READY,
        DESKTOP.c.owner_id.is_(None),
        ~held,
    )


def _first(condition: ColumnElement[bool]) -> ScalarSelect[Any]:
    ordered = select(DESKTOP.c.id).where(condition).order_by(DESKTOP.c.pick_key).limit(1)
    return ordered.with_for_update(skip_locked=True, of=DESKTOP).scalar_subquery()
