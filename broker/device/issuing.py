"""One certificate for one device, inside the caller's transaction."""

import hashlib

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from broker.certificates import PublicKey
from broker.device.authority import Subject, make_authority, open_authority, sign
from broker.device.keys import NewKey, new_password, pack
from broker.device.records import Issued, KeyFile
from broker.device.trail import entry
from broker.errors import StoreError
from broker.model.actor import Actor
from broker.model.devices import Device, DeviceAuthority, DeviceCertificate
from broker.model.ids import TenantId
from broker.ports import Transaction
from broker.secret import SealingKey
from broker.settings import DeviceSettings


async def authority_of(tx: Transaction, tenant_id: TenantId, sealing: SealingKey) -> DeviceAuthority:
    """The tenant's authority; the first call makes it, on whichever node."""
    found = await tx.devices.get_authority(tenant_id)
    if found is None:
        await tx.devices.add_authority(make_authority(tenant_id, sealing, now=tx.now))
        found = await tx.devices.get_authority(tenant_id)
    if found is None:
        raise StoreError("a device authority vanished while being stored")
    return found


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that is in the books, and the authority's beside it."""

    device: Device
    record: DeviceCertificate
    certificate: x509.Certificate
    authority: x509.Certificate


async def certify(
    tx: Transaction, actor: Actor, device: Device, key: PublicKey, sealing: SealingKey, settings: DeviceSettings
) -> Certified:
    """Sign a certificate and keep a record of it."""
    signer = open_authority(await authority_of(tx, device.tenant_id, sealing), sealing)
    subject = Subject(tenant_id=device.tenant_id, device_id=device.id)
    certificate = sign(signer, subject, key, now=tx.now, days=settings.certificate_days)
    record = _record_of(actor, device, certificate)
    await tx.devices.add_certificate(record)
    detail = {"serial": record.serial, "ends": record.not_after.isoformat()}
    await tx.audit.append(entry(actor, device, "device.certificate_issued", detail))
    return Certified(device=device, record=record, certificate=certificate, authority=signer.certificate)


def hand_over(certified: Certified, key: NewKey) -> Issued:
    """What leaves: the certificate, and the key file if the key was made here. It is forgotten with this value."""
    return Issued(
        device=certified.device,
        serial=certified.record.serial,
        not_after=certified.record.not_after,
        certificate_pem=certified.certificate.public_bytes(Encoding.PEM).decode("ascii"),
        key_file=None if key.private is None else _key_file(certified, key.private),
    )


def _record_of(actor: Actor, device: Device, certificate: x509.Certificate) -> DeviceCertificate:
    return DeviceCertificate(
        tenant_id=device.tenant_id,
        serial=format(certificate.serial_number, "x"),
        device_id=device.id,
        fingerprint=hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issued_by=actor.name,
    )


def _key_file(certified: Certified, key: ec.EllipticCurvePrivateKey) -> KeyFile:
    password = new_password()
    content = pack(certified.device.name, key, certified.certificate, certified.authority, password)
    return KeyFile(content=content, password=password)
