"""The IT desk that hands out devices, and what comes to the door with them."""

import os
from datetime import timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from broker.device.authority import Signer, open_authority
from broker.device.recognition import recognise
from broker.device.records import EnrolOrder, Issued, RenewOrder
from broker.device.service import DeviceService
from broker.model.actor import Actor
from broker.model.devices import DeviceFacts
from broker.model.ids import TenantId
from broker.model.kinds import CertificateState, DeviceKind, Role
from broker.model.records import AuditRecord
from broker.ports import AuditQuery
from broker.secret import SealingKey
from broker.settings import DeviceSettings
from broker.store import SqlStore

OWNER = "yamada"
ORDER = EnrolOrder(name="PC-0101", kind=DeviceKind.MANAGED, owner=OWNER, sim_line="090-0000-0101")


def device_key(issued: Issued) -> ec.EllipticCurvePrivateKey:
    """The key out of the file that was handed over."""
    assert issued.key_file is not None
    password = issued.key_file.password.reveal().encode()
    key = pkcs12.load_pkcs12(issued.key_file.content, password).key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def der_of(issued: Issued) -> bytes:
    return x509.load_pem_x509_certificate(issued.certificate_pem.encode()).public_bytes(Encoding.DER)


def request_of(key: ec.EllipticCurvePrivateKey | None = None, name: str = "whatever") -> str:
    """A signing request as a mobile PC makes one."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


class Odd(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a certificate."""

    issuer: x509.Name
    key: ec.EllipticCurvePrivateKey
    purpose: ObjectIdentifier | None = ExtendedKeyUsageOID.CLIENT_AUTH
    is_authority: bool = False
    serial: int = 0


class Desk:
    """An IT desk with its database."""

    def __init__(self, store: SqlStore, tenant_id: TenantId) -> None:
        self.store = store
        self.tenant_id = tenant_id
        self.sealing = SealingKey(os.urandom(32))
        self.woken = 0
        self.settings = DeviceSettings()
        self.devices = DeviceService(store, self.sealing, self.settings, self._wake)
        self.actor = Actor(
            tenant_id=tenant_id, name="user:desk", roles=frozenset({Role.TENANT_ADMIN}), address="192.0.2.9"
        )

    def _wake(self) -> None:
        self.woken += 1

    async def enrol(self, order: EnrolOrder = ORDER, **changes: object) -> Issued:
        outcome = await self.devices.enrol(self.actor, msgspec.structs.replace(order, **changes))
        assert isinstance(outcome, Issued), outcome
        return outcome

    async def renew(self, issued: Issued, *, ends_old: bool = False) -> Issued:
        outcome = await self.devices.renew(self.actor, issued.device.id, RenewOrder(ends_old=ends_old))
        assert isinstance(outcome, Issued), outcome
        return outcome

    async def show(self, der: bytes | None, login: str = OWNER) -> DeviceFacts:
        """Somebody shows a certificate now."""
        async with self.store.read() as tx:
            return await recognise(tx, self.tenant_id, der, login=login)

    async def state(self, der: bytes, login: str = OWNER) -> CertificateState:
        facts = await self.show(der, login)
        assert (facts.device_id is None) == (facts.certificate is not CertificateState.VALID)
        return facts.certificate

    async def signer(self) -> Signer:
        async with self.store.read() as tx:
            authority = await tx.devices.get_authority(self.tenant_id)
        assert authority is not None
        return open_authority(authority, self.sealing)

    async def forge(self, odd: Odd) -> bytes:
        """A certificate that nobody of ours would make."""
        async with self.store.read() as tx:
            now = tx.now
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PC-0101")]))
            .issuer_name(odd.issuer)
            .public_key(key.public_key())
            .serial_number(odd.serial or x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=odd.is_authority, path_length=None), critical=True)
            .add_extension(_usage(odd.is_authority), critical=True)
        )
        if odd.purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([odd.purpose]), critical=False)
        return builder.sign(odd.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def pass_days(self, days: float) -> None:
        self.store.shift_clock(timedelta(days=days))

    async def audit(self, event: str) -> list[AuditRecord]:
        """Oldest first."""
        async with self.store.read() as tx:
            return (await tx.audit.search(self.tenant_id, AuditQuery(event_prefix=event, limit=1000)))[::-1]


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
