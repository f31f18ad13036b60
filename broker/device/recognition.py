"""Which device a request comes from: by its certificate and the books, asked anew each time."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from broker.device.rules import Booked, Genuine, inspect, judge, standing_of
from broker.model.devices import Device, DeviceFacts
from broker.model.ids import DeviceId, TenantId
from broker.model.kinds import CertificateState
from broker.model.records import Session, WebSession
from broker.ports import Transaction

BoundT = TypeVar("BoundT", WebSession, Session)


async def recognise(tx: Transaction, tenant_id: TenantId, certificate_der: bytes | None, *, login: str) -> DeviceFacts:
    """What the certificate proves when this person shows it now."""
    if certificate_der is None:
        return DeviceFacts()
    authority = await tx.devices.get_authority(tenant_id)
    if authority is None:
        return DeviceFacts(certificate=CertificateState.OTHER_AUTHORITY)
    genuine = inspect(certificate_der, authority.certificate)
    if not isinstance(genuine, Genuine):
        return DeviceFacts(certificate=genuine)
    return judge(genuine, await _look_up(tx, tenant_id, genuine), login, tx.now)


async def as_it_stands(tx: Transaction, bound: BoundT) -> BoundT:
    """The session with what still holds of the device that it was bound to."""
    if bound.device_id is None:
        return bound
    return with_device(bound, await tx.devices.get_devices(bound.tenant_id, [bound.device_id]), tx.now)


def with_device(bound: BoundT, devices: Mapping[DeviceId, Device], now: datetime) -> BoundT:
    """The same, with the device's row among ``devices`` if it has one."""
    if bound.device_id is None:
        return bound
    return msgspec.structs.replace(bound, certificate=standing_of(devices.get(bound.device_id), now))


async def _look_up(tx: Transaction, tenant_id: TenantId, genuine: Genuine) -> Booked | None:
    certificate = await tx.devices.get_certificate(tenant_id, genuine.serial)
    if certificate is None:
        return None
    device = await tx.devices.get_device(tenant_id, certificate.device_id)
    return None if device is None else Booked(certificate, device)
