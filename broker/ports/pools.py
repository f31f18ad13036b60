"""Zones, pools and desktops in the store."""

from typing import Protocol

from broker.model.ids import (
    DesktopId,
    PoolId,
    TenantId,
    UserId,
    ZoneId,
)
from broker.model.records import (
    Desktop,
    Pool,
    Zone,
)


class PoolTx(Protocol):
    async def list_zones(self, tenant_id: TenantId) -> list[Zone]: ...
    async def get_zone(self, tenant_id: TenantId, zone_id: ZoneId) -> Zone | None: ...
    async def put_zone(self, zone: Zone) -> None: ...
    async def list_pools(self, tenant_id: TenantId) -> list[Pool]: ...
    async def get_pool(self, tenant_id: TenantId, pool_id: PoolId) -> Pool | None: ...
    async def put_pool(self, pool: Pool) -> None: ...
    async def list_desktops(self, tenant_id: TenantId, pool_id: PoolId | None = None) -> list[Desktop]: ...
    async def get_desktop(self, tenant_id: TenantId, desktop_id: DesktopId) -> Desktop | None: ...
    async def find_owned_desktop(self, tenant_id: TenantId, pool_id: PoolId, owner_id: UserId) -> Desktop | None:
        """The desktop of this pool that belongs to the person and is not retired."""
        ...

    async def count_desktops(self, tenant_id: TenantId, pool_id: PoolId) -> int:
        """How many desktops the pool has that are not retired."""
        ...

    async def add_desktop(self, desktop: Desktop) -> None: ...

    async def swap_desktop(self, before: Desktop, after: Desktop) -> Desktop | None:
        """Compare-and-swap on ``version`` (and id): the stored row with ``version + 1``, or None when somebody
        else changed it in between."""
        ...

    async def reserve_ready(self, tenant_id: TenantId, pool_id: PoolId) -> Desktop | None:
        """Atomically move one ready, ownerless desktop without an assignment to ``reserved``, from a random
        start; None when there is none. Never gives one desktop to two callers."""
        ...
