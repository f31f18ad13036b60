"""What the API takes and tells about devices. A key made here is in one answer, once."""

import base64
from datetime import datetime
from typing import Annotated

import msgspec

from broker.device.records import DeviceRow, DeviceState, Issued
from broker.model.devices import DeviceCertificate
from broker.model.kinds import DeviceKind

RequestText = Annotated[str, msgspec.Meta(max_length=16_384)]


class AdminDevice(msgspec.Struct, frozen=True, kw_only=True):
    """``owner`` is a login; without one the device is shared. ``days_left`` counts to the end of its certificate."""

    id: str
    name: str
    kind: DeviceKind
    owner: str | None
    sim_line: str
    state: DeviceState
    days_left: int
    enrolled_at: datetime
    expires_at: datetime
    last_seen_at: datetime | None
    last_address: str
    revoked_at: datetime | None
    revoke_reason: str


class AdminDevices(msgspec.Struct, frozen=True):
    devices: list[AdminDevice]


class AdminCertificate(msgspec.Struct, frozen=True, kw_only=True):
    serial: str
    not_before: datetime
    not_after: datetime
    issued_by: str
    revoked_at: datetime | None


class AdminDeviceDetails(msgspec.Struct, frozen=True, kw_only=True):
    """``certificates``: the newest first."""

    device: AdminDevice
    owner_name: str | None
    certificates: list[AdminCertificate]


class EnrolDevice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``request`` is a signing request (PEM); without one a key is made and handed over in the answer."""

    name: str
    kind: DeviceKind
    owner: str = ""
    sim_line: str = ""
    request: RequestText = ""


class RenewDevice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``ends_old``: earlier certificates stop counting at once."""

    request: RequestText = ""
    ends_old: bool = False


class IssuedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """``pkcs12`` (base64) holds key and certificate under ``one_time_password``; both told once and kept nowhere."""

    device_id: str
    name: str
    serial: str
    not_after: datetime
    certificate_pem: str
    pkcs12: str | None
    one_time_password: str | None


class RevokedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """``web_sessions``: how many sign-ins ended with it. Sessions on desktops follow within seconds."""

    id: str
    name: str
    revoked_at: datetime | None
    web_sessions: int


class DeviceAuthorityCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """For the entrances, which ask devices for certificates of this authority."""

    certificate_pem: str
    not_after: datetime


def describe_device(row: DeviceRow) -> AdminDevice:
    device = row.device
    return AdminDevice(
        id=device.id,
        name=device.name,
        kind=device.kind,
        owner=device.owner,
        sim_line=device.sim_line,
        state=row.state,
        days_left=row.days_left,
        enrolled_at=device.enrolled_at,
        expires_at=device.expires_at,
        last_seen_at=device.last_seen_at,
        last_address=device.last_address,
        revoked_at=device.revoked_at,
        revoke_reason=device.revoke_reason,
    )


def describe_certificate(certificate: DeviceCertificate) -> AdminCertificate:
    return AdminCertificate(
        serial=certificate.serial,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        issued_by=certificate.issued_by,
        revoked_at=certificate.revoked_at,
    )


def describe_issued(issued: Issued) -> IssuedCertificate:
    file = issued.key_file
    return IssuedCertificate(
        device_id=issued.device.id,
        name=issued.device.name,
        serial=issued.serial,
        not_after=issued.not_after,
        certificate_pem=issued.certificate_pem,
        pkcs12=None if file is None else base64.b64encode(file.content).decode("ascii"),
        one_time_password=None if file is None else file.password.reveal(),
    )
