"""Devices, their certificates and the authority of each tenant."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, or_, select, update

from broker.model.devices import Device, DeviceAuthority, DeviceCertificate
from broker.model.ids import DeviceId, TenantId
from broker.store.policy_epoch import bump_epoch
from broker.store.schema.devices import DEVICE, DEVICE_AUTHORITY, DEVICE_CERTIFICATE
from broker.store.statements import Statements, columns_of

_IDS_PER_QUERY: Final = 500
_DEVICE = DEVICE.c
_CERTIFICATE = DEVICE_CERTIFICATE.c


class SqlDevices:
    """Implements :class:`broker.ports.DeviceTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def get_authority(self, tenant_id: TenantId) -> DeviceAuthority | None:
        mine = DEVICE_AUTHORITY.c.tenant_id == tenant_id
        return await self._db.one(DeviceAuthority, select(DEVICE_AUTHORITY).where(mine))

    async def add_authority(self, authority: DeviceAuthority) -> bool:
        return await self._db.add_if_new(DEVICE_AUTHORITY, columns_of(authority))

    async def add_device(self, device: Device) -> bool:
        return await self._db.add_if_new(DEVICE, columns_of(device))

    async def get_device(self, tenant_id: TenantId, device_id: DeviceId) -> Device | None:
        this = (_DEVICE.tenant_id == tenant_id, _DEVICE.id == device_id)
        return await self._db.one(Device, select(DEVICE).where(*this))

    async def get_devices(self, tenant_id: TenantId, ids: Collection[DeviceId]) -> dict[DeviceId, Device]:
        found: dict[DeviceId, Device] = {}
        wanted = sorted(ids)
        for start in range(0, len(wanted), _IDS_PER_QUERY):
            some = _DEVICE.id.in_(wanted[start : start + _IDS_PER_QUERY])
            rows = await self._db.every(Device, select(DEVICE).where(_DEVICE.tenant_id == tenant_id, some))
            found |= {device.id: device for device in rows}
        return found

    async def search_devices(self, tenant_id: TenantId, text: str, limit: int) -> list[Device]:
        columns = (_DEVICE.name, _DEVICE.owner, _DEVICE.sim_line)
        matches = or_(*(column.icontains(text, autoescape=True) for column in columns))
        found = select(DEVICE).where(_DEVICE.tenant_id == tenant_id, matches)
        # What is in use comes first: revoked devices stay in the books for good.
        order = (_DEVICE.revoked_at.is_not(None), _DEVICE.name, _DEVICE.id)
        return await self._db.every(Device, found.order_by(*order).limit(limit))

    async def list_devices_of(self, tenant_id: TenantId, owner: str) -> list[Device]:
        theirs = (_DEVICE.tenant_id == tenant_id, func.lower(_DEVICE.owner) == owner.lower())
        found = select(DEVICE).where(*theirs, _DEVICE.revoked_at.is_(None))
        return await self._db.every(Device, found.order_by(_DEVICE.name))

    async def list_expiring(self, tenant_id: TenantId, before: datetime) -> list[Device]:
        soon = (_DEVICE.tenant_id == tenant_id, _DEVICE.revoked_at.is_(None), _DEVICE.expires_at < before)
        return await self._db.every(Device, select(DEVICE).where(*soon).order_by(_DEVICE.expires_at, _DEVICE.id))

    async def add_certificate(self, certificate: DeviceCertificate) -> None:
        await self._db.add(DEVICE_CERTIFICATE, columns_of(certificate))
        this = (_DEVICE.tenant_id == certificate.tenant_id, _DEVICE.id == certificate.device_id)
        await self._db.run(update(DEVICE).where(*this).values(expires_at=certificate.not_after, warned_days=None))
        await bump_epoch(self._db, certificate.tenant_id)

    async def get_certificate(self, tenant_id: TenantId, serial: str) -> DeviceCertificate | None:
        this = (_CERTIFICATE.tenant_id == tenant_id, _CERTIFICATE.serial == serial)
        return await self._db.one(DeviceCertificate, select(DEVICE_CERTIFICATE).where(*this))

    async def list_certificates(self, tenant_id: TenantId, device_id: DeviceId) -> Sequence[DeviceCertificate]:
        """The newest first."""
        theirs = (_CERTIFICATE.tenant_id == tenant_id, _CERTIFICATE.device_id == device_id)
        found = select(DEVICE_CERTIFICATE).where(*theirs)
        order = (_CERTIFICATE.not_before.desc(), _CERTIFICATE.serial)
        return await self._db.every(DeviceCertificate, found.order_by(*order))

    async def revoke_certificates(self, tenant_id: TenantId, device_id: DeviceId) -> int:
        theirs = (_CERTIFICATE.tenant_id == tenant_id, _CERTIFICATE.device_id == device_id)
        unrevoked = update(DEVICE_CERTIFICATE).where(*theirs, _CERTIFICATE.revoked_at.is_(None))
        return await self._db.touched(unrevoked.values(revoked_at=self._db.now))

    async def revoke_device(self, tenant_id: TenantId, device_id: DeviceId, reason: str) -> bool:
        this = (_DEVICE.tenant_id == tenant_id, _DEVICE.id == device_id, _DEVICE.revoked_at.is_(None))
        revoked = update(DEVICE).where(*this).values(revoked_at=self._db.now, revoke_reason=reason)
        if await self._db.touched(revoked) != 1:
            return False
        await self.revoke_certificates(tenant_id, device_id)
        await bump_epoch(self._db, tenant_id)
        return True

    async def touch_device(self, tenant_id: TenantId, device_id: DeviceId, address: str) -> None:
        this = (_DEVICE.tenant_id == tenant_id, _DEVICE.id == device_id)
        await self._db.run(update(DEVICE).where(*this).values(last_seen_at=self._db.now, last_address=address))

    async def mark_warned(self, device: Device, days: int) -> bool:
        before = _DEVICE.warned_days == device.warned_days
        this = (_DEVICE.tenant_id == device.tenant_id, _DEVICE.id == device.id, _DEVICE.expires_at == device.expires_at)
        return await self._db.touched(update(DEVICE).where(*this, before).values(warned_days=days)) == 1
