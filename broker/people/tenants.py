"""Tenants as the entrances of the portal look them up."""

from broker.model.records import Tenant
from broker.ports import Store


class TenantDirectory:
    """Which tenant is served under a host name."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find_by_hostname(self, hostname: str) -> Tenant | None:
        """``None`` for a name that nobody is served under. Raises :class:`broker.errors.StoreUnavailable`."""
        async with self._store.read() as tx:
            return await tx.people.find_tenant_by_hostname(hostname)

    async def list_all(self) -> list[Tenant]:
        async with self._store.read() as tx:
            return await tx.people.list_tenants()
