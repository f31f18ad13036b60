"""The ladder of warnings before a certificate ends: each step is told once, by whichever node comes first."""

from datetime import timedelta

from broker.device.rules import WARNING_DAYS, is_due
from broker.device.trail import expiry_warned
from broker.model.devices import Device
from broker.ports import Store


class ExpiryWatch:
    """Looks for ends that are near."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def warn(self) -> int:
        """Tell what is due; how many warnings there were. To be called every few minutes."""
        due = await self._list_due()
        told = 0
        for device, days in due:
            async with self._store.write() as tx:
                if await tx.devices.mark_warned(device, days):
                    await tx.audit.append(expiry_warned(device, days))
                    told += 1
        return told

    async def _list_due(self) -> list[tuple[Device, int]]:
        async with self._store.read() as tx:
            horizon = tx.now + timedelta(days=max(WARNING_DAYS))
            found = [
                device
                for tenant in await tx.people.list_tenants()
                for device in await tx.devices.list_expiring(tenant.id, horizon)
            ]
            return [(device, days) for device in found if (days := is_due(device, tx.now)) is not None]
