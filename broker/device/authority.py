"""A tenant's authority for devices, and what it signs: EC P-256 (FIPS 186-5), X.509 version 3 (RFC 5280)."""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broker.certificates import PublicKey, begin_certificate, key_usage
from broker.errors import SealBroken
from broker.model.devices import DeviceAuthority
from broker.model.ids import DeviceId, TenantId
from broker.secret import SealingKey, Secret

AUTHORITY_DAYS: Final = 3650


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a certificate speaks of: an id that says nothing about a person."""

    tenant_id: TenantId
    device_id: DeviceId

    def as_uri(self) -> str:
        return f"urn:sekisho:device:{self.tenant_id}:{self.device_id}"


class Signer(msgspec.Struct, frozen=True):
    """An authority that is open for signing."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return "<signer>"


def make_authority(tenant_id: TenantId, sealing: SealingKey, *, now: datetime) -> DeviceAuthority:
    """A new authority that signs devices and nothing below them. Its key leaves here sealed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, tenant_id),
            x509.NameAttribute(NameOID.COMMON_NAME, "Sekisho device authority"),
        ]
    )
    certificate = (
        begin_certificate(name, name, key.public_key(), now=now, ends=now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return DeviceAuthority(
        tenant_id=tenant_id,
        certificate=certificate.public_bytes(serialization.Encoding.DER),
        key=sealing.seal(authority_purpose(tenant_id), Secret(pem.decode("ascii"))),
        created_at=now,
    )


def open_authority(authority: DeviceAuthority, sealing: SealingKey) -> Signer:
    """Raises :class:`SealBroken` when the key does not open, or is not the certificate's."""
    pem = sealing.open(authority_purpose(authority.tenant_id), authority.key).reveal().encode("ascii")
    key = serialization.load_pem_private_key(pem, password=None)
    certificate = x509.load_der_x509_certificate(authority.certificate)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise SealBroken("the device authority's key is not its certificate's")
    return Signer(certificate, key)


def sign(signer: Signer, subject: Subject, key: PublicKey, *, now: datetime, days: int) -> x509.Certificate:
    """A client's certificate, which ends no later than the authority's own."""
    ends = min(now + timedelta(days=days), signer.certificate.not_valid_after_utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject.device_id)])
    issuer_key = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(subject.as_uri())])
    return (
        begin_certificate(name, signer.certificate.subject, key, now=now, ends=ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
        .add_extension(names, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), critical=False)
        .sign(signer.key, hashes.SHA256())
    )


def authority_purpose(tenant_id: TenantId) -> str:
    """Under which purpose the key is sealed."""
    return f"device-authority:{tenant_id}"
