"""Tenants as the entrances of the portal look them up."""

import time
from collections.abc import Callable
from typing import Final

from broker.model.records import Tenant
from broker.ports import Store

_MAY_BE_OLD_S: Final = 1.0


class TenantDirectory:
    """Which tenant is served under a host name."""

    def __init__(self, store: Store, now_s: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._now_s = now_s
        self._lately: dict[str, tuple[float, Tenant]] = {}

    async def find_by_hostname(self, hostname: str) -> Tenant | None:
        """``None`` for a name that nobody is served under. Raises :class:`broker.errors.StoreUnavailable`."""
        async with self._store.read() as tx:
            return await tx.people.find_tenant_by_hostname(hostname)

    async def find_for_stranger(self, hostname: str) -> Tenant | None:
        """The same as it was within the last second, for pages that show a stranger no more than the tenant's name."""
        found_s, tenant = self._lately.get(hostname, (0.0, None))
        if tenant is not None and self._now_s() < found_s + _MAY_BE_OLD_S:
            return tenant
        began_s = self._now_s()
        tenant = await self.find_by_hostname(hostname)
        if tenant is None:
            self._lately.pop(hostname, None)
        else:
            self._lately[hostname] = (began_s, tenant)
        return tenant

    async def list_all(self) -> list[Tenant]:
        async with self._store.read() as tx:
            return await tx.people.list_tenants()
