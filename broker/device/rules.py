"""What a certificate proves, what an order may hold, when an end is told. Pure."""

import hashlib
from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from broker.device.records import DeviceRefusal, DeviceRow, DeviceState, EnrolOrder
from broker.model.devices import Device, DeviceCertificate, DeviceFacts
from broker.model.kinds import CertificateState, DeviceKind
from broker.model.text import is_unseen

WARNING_DAYS: Final = (60, 30, 14, 7, 1)
"""Days before the end at which it is told, the first step first."""

MAX_CERTIFICATE_BYTES: Final = 16_384
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_MAX_NAME: Final = 64
_MAX_OWNER: Final = 128
_MAX_SIM_LINE: Final = 64


class Genuine(msgspec.Struct, frozen=True):
    """A certificate that the tenant's authority has signed for a client. ``serial`` is hexadecimal."""

    serial: str
    fingerprint: bytes
    not_before: datetime
    not_after: datetime


class Booked(msgspec.Struct, frozen=True):
    """What the books hold of a certificate."""

    certificate: DeviceCertificate
    device: Device


def inspect(der: bytes, authority_der: bytes) -> Genuine | CertificateState:
    """Look at the certificate alone (RFC 5280, section 6, for a chain of one)."""
    authority = x509.load_der_x509_certificate(authority_der)
    try:
        return _inspect(_read(der), authority, hashlib.sha256(der).digest())
    except _UNREADABLE:
        # Its parts are read when they are asked for: any of them may turn out to be none.
        return CertificateState.UNREADABLE


def _inspect(
    certificate: x509.Certificate, authority: x509.Certificate, fingerprint: bytes
) -> Genuine | CertificateState:
    if certificate.issuer != authority.subject:
        return CertificateState.OTHER_AUTHORITY
    if not _is_signed_by(certificate, authority):
        return CertificateState.FORGED
    if not is_for_client(certificate.extensions):
        return CertificateState.WRONG_PURPOSE
    return Genuine(
        serial=format(certificate.serial_number, "x"),
        fingerprint=fingerprint,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def judge(genuine: Genuine, booked: Booked | None, login: str, now: datetime) -> DeviceFacts:
    """What the books say to a genuine certificate that ``login`` shows now."""
    if booked is None or booked.certificate.fingerprint != genuine.fingerprint:
        return DeviceFacts(certificate=CertificateState.NOT_ENROLLED)
    device = booked.device
    if booked.certificate.revoked_at is not None or device.revoked_at is not None:
        return DeviceFacts(certificate=CertificateState.REVOKED)
    if now < genuine.not_before:
        return DeviceFacts(certificate=CertificateState.NOT_YET_VALID)
    if now >= genuine.not_after:
        return DeviceFacts(certificate=CertificateState.EXPIRED)
    if device.owner is not None and device.owner.casefold() != login.casefold():
        return DeviceFacts(certificate=CertificateState.OTHER_OWNER)
    return DeviceFacts(device_id=device.id, kind=device.kind, certificate=CertificateState.VALID)


def standing_of(device: Device | None, now: datetime) -> CertificateState:
    """What still holds of a device that was recognised earlier."""
    if device is None:
        return CertificateState.NOT_ENROLLED
    if device.revoked_at is not None:
        return CertificateState.REVOKED
    return CertificateState.VALID if now < device.expires_at else CertificateState.EXPIRED


def is_for_client(extensions: x509.Extensions) -> bool:
    """Whether these extensions are those of a client's certificate, and of nothing else."""
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return (
        not constraints.ca
        and usage.digital_signature
        and not usage.key_cert_sign
        and ExtendedKeyUsageOID.CLIENT_AUTH in purposes
    )


def state_of(device: Device, now: datetime) -> DeviceState:
    if device.revoked_at is not None:
        return DeviceState.REVOKED
    if now >= device.expires_at:
        return DeviceState.EXPIRED
    return DeviceState.ACTIVE if warning_step(device.expires_at, now) is None else DeviceState.EXPIRING


def row_of(device: Device, now: datetime) -> DeviceRow:
    left = max(device.expires_at - now, timedelta(0))
    return DeviceRow(device=device, state=state_of(device, now), days_left=left.days)


def warning_step(expires_at: datetime, now: datetime) -> int | None:
    """The last step of :data:`WARNING_DAYS` that was reached; ``None`` before the first."""
    left = expires_at - now
    return next((days for days in reversed(WARNING_DAYS) if left <= timedelta(days=days)), None)


def is_due(device: Device, now: datetime) -> int | None:
    """The step that is to be told now: reached, and lower than what was told."""
    step = warning_step(device.expires_at, now)
    if step is None or device.revoked_at is not None or now >= device.expires_at:
        return None
    return step if device.warned_days is None or step < device.warned_days else None


def refuse_order(order: EnrolOrder) -> DeviceRefusal | None:
    """What is wrong with an order, or ``None``."""
    if not _is_text(order.name, _MAX_NAME) or not order.name:
        return DeviceRefusal.NAME_INVALID
    if order.kind is DeviceKind.NONE:
        return DeviceRefusal.KIND_INVALID
    if not _is_text(order.owner, _MAX_OWNER):
        return DeviceRefusal.OWNER_INVALID
    return None if _is_text(order.sim_line, _MAX_SIM_LINE) else DeviceRefusal.SIM_LINE_INVALID


def _is_text(text: str, most: int) -> bool:
    return len(text) <= most and text == text.strip() and not any(is_unseen(sign) for sign in text)


def _read(der: bytes) -> x509.Certificate:
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise ValueError("larger than any certificate of ours")
    return x509.load_der_x509_certificate(der)
