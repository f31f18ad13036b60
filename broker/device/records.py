"""What goes into the device service and what comes out."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from broker.model.devices import Device, DeviceCertificate
from broker.model.kinds import DeviceKind
from broker.secret import Secret


class DeviceRefusal(StrEnum):
    """Why an order about a device was not carried out."""

    NAME_INVALID = "name_invalid"
    NAME_TAKEN = "name_taken"
    KIND_INVALID = "kind_invalid"
    OWNER_INVALID = "owner_invalid"
    SIM_LINE_INVALID = "sim_line_invalid"
    REASON_MISSING = "reason_missing"
    REQUEST_UNREADABLE = "request_unreadable"
    REQUEST_NOT_SIGNED = "request_not_signed"
    KEY_TOO_WEAK = "key_too_weak"
    ALREADY_REVOKED = "already_revoked"


class DeviceState(StrEnum):
    ACTIVE = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    REVOKED = "revoked"


class EnrolOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A device to be taken into the books. ``request`` is a signing request (PEM); without one a key is made here.
    Without an ``owner`` the device is shared."""

    name: str
    kind: DeviceKind
    owner: str = ""
    sim_line: str = ""
    request: str = ""


class RenewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``ends_old``: earlier certificates stop counting at once, not at their own end."""

    request: str = ""
    ends_old: bool = False


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device as it stands now. ``days_left`` is never negative."""

    device: Device
    state: DeviceState
    days_left: int


class DeviceDetails(msgspec.Struct, frozen=True, kw_only=True):
    row: DeviceRow
    certificates: Sequence[DeviceCertificate]
    owner_name: str | None


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """Key and certificate in one PKCS#12 file, given out once and kept nowhere."""

    content: bytes
    password: Secret

    def __repr__(self) -> str:
        return "<key file>"


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate for a device. ``key_file`` is there when the key was made here."""

    device: Device
    serial: str
    not_after: datetime
    certificate_pem: str
    key_file: KeyFile | None


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    device: Device
    web_sessions: int


class DeviceRefused(msgspec.Struct, frozen=True):
    why: DeviceRefusal


class NoSuchDevice(msgspec.Struct, frozen=True):
    pass


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that entrances ask devices for (PEM)."""

    certificate_pem: str
    not_after: datetime


class ExpiryWarning(msgspec.Struct, frozen=True, kw_only=True):
    """A device whose certificate ends soon, for the person who holds it."""

    name: str
    expires_at: datetime
    days_left: int
