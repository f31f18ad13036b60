"""Devices, their certificates and their authority in the store."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from broker.model.devices import Device, DeviceAuthority, DeviceCertificate
from broker.model.ids import DeviceId, TenantId


class DeviceTx(Protocol):
    """Devices inside one transaction."""

    async def get_authority(self, tenant_id: TenantId) -> DeviceAuthority | None: ...

    async def add_authority(self, authority: DeviceAuthority) -> bool:
        """False when the tenant has one already."""
        ...

    async def add_device(self, device: Device) -> bool:
        """False when another device that is not revoked has the name."""
        ...

    async def get_device(self, tenant_id: TenantId, device_id: DeviceId) -> Device | None: ...
    async def get_devices(self, tenant_id: TenantId, ids: Collection[DeviceId]) -> dict[DeviceId, Device]: ...

    async def search_devices(self, tenant_id: TenantId, text: str, limit: int) -> list[Device]:
        """Devices whose name, owner or SIM line contains ``text``, whatever its case; by name."""
        ...

    async def list_devices_of(self, tenant_id: TenantId, owner: str) -> list[Device]:
        """Devices of a person that are not revoked, by name."""
        ...

    async def list_expiring(self, tenant_id: TenantId, before: datetime) -> list[Device]:
        """Devices that are not revoked and whose certificate ends before then, the soonest first."""
        ...

    async def add_certificate(self, certificate: DeviceCertificate) -> None:
        """Store it; its end becomes the device's, and the warnings begin anew."""
        ...

    async def get_certificate(self, tenant_id: TenantId, serial: str) -> DeviceCertificate | None: ...
    async def list_certificates(self, tenant_id: TenantId, device_id: DeviceId) -> Sequence[DeviceCertificate]: ...

    async def revoke_certificates(self, tenant_id: TenantId, device_id: DeviceId) -> int:
        """Every certificate of the device that is not revoked yet; how many there were."""
        ...

    async def revoke_device(self, tenant_id: TenantId, device_id: DeviceId, reason: str) -> bool:
        """With all of its certificates; True for exactly one caller. What live sessions rest on has changed."""
        ...

    async def touch_device(self, tenant_id: TenantId, device_id: DeviceId, address: str) -> None:
        """It was seen now, from there."""
        ...

    async def mark_warned(self, device: Device, days: int) -> bool:
        """Compare-and-swap on the device's last step; True for exactly one caller."""
        ...
