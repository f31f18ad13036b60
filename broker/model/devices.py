"""Devices that hold a certificate (端末), their certificates, and the authority that issues them."""

from datetime import datetime

import msgspec

from broker.model.ids import DeviceId, TenantId
from broker.model.kinds import CertificateState, DeviceKind
from broker.model.place import Place
from broker.secret import Sealed


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A mobile PC. ``owner`` is a login of the directory; without one the device is shared. ``expires_at`` is the
    end of its newest certificate; ``warned_days`` the last step of warnings before that end which was told."""

    tenant_id: TenantId
    id: DeviceId
    name: str
    kind: DeviceKind
    owner: str | None
    sim_line: str
    enrolled_at: datetime
    enrolled_by: str
    expires_at: datetime
    warned_days: int | None = None
    last_seen_at: datetime | None = None
    last_address: str = ""
    revoked_at: datetime | None = None
    revoke_reason: str = ""


class DeviceCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What was issued to a device. The key is the device's alone. ``serial`` is hexadecimal, ``fingerprint`` SHA-256
    of the DER."""

    tenant_id: TenantId
    serial: str
    device_id: DeviceId
    fingerprint: bytes
    not_before: datetime
    not_after: datetime
    issued_by: str
    revoked_at: datetime | None = None


class DeviceAuthority(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's own authority for devices. ``key`` is PKCS#8 in PEM, sealed."""

    tenant_id: TenantId
    certificate: bytes
    key: Sealed
    created_at: datetime


class DeviceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate proves. Without ``device_id`` nothing is known about the device."""

    device_id: DeviceId | None = None
    kind: DeviceKind = DeviceKind.NONE
    certificate: CertificateState = CertificateState.ABSENT

    def placed(self, place: Place) -> Place:
        """The place of somebody who holds this device. An entrance vouches only for devices that show nothing."""
        if self.certificate is CertificateState.ABSENT:
            return place
        return msgspec.structs.replace(place, device=self.kind, certificate=self.certificate)
