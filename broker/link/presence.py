"""The audit of who is connected to the wire."""

from collections.abc import Collection, Mapping

from broker.model.ids import ZoneId
from broker.ports import AuditEntry, Store


class Presence:
    """Writes one record per tenant that has a zone which the peer serves."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def tell(
        self, event: str, peer: str, zones: Collection[ZoneId], detail: Mapping[str, str], *, outcome: str = "ok"
    ) -> None:
        """``peer`` reads ``gateway:<id>`` or ``agent:<id>``. Raises :class:`broker.errors.StoreUnavailable`."""
        async with self._store.write() as tx:
            for tenant in await tx.people.list_tenants():
                served = sorted(zone.id for zone in await tx.pools.list_zones(tenant.id) if zone.id in zones)
                if served:
                    told = {"zones": " ".join(served), **detail}
                    await tx.audit.append(
                        AuditEntry(
                            tenant_id=tenant.id, event=event, actor=peer, subject=peer, outcome=outcome, detail=told
                        )
                    )
