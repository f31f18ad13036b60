"""Certificates of the service authority: EC P-256 (FIPS 186-5), X.509 version 3 (RFC 5280). No files here."""

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from broker.certificates import begin_certificate, key_usage
from broker.model.service_name import ANY_BROKER, ServiceKind, ServiceName

CA_DAYS: Final = 3650
SERVICE_DAYS: Final = 397

_SERVER: Final = ExtendedKeyUsageOID.SERVER_AUTH
_CLIENT: Final = ExtendedKeyUsageOID.CLIENT_AUTH
PURPOSES: Final[Mapping[ServiceKind, tuple[ObjectIdentifier, ...]]] = MappingProxyType(
    {
        ServiceKind.ENTRANCE: (_CLIENT,),
        ServiceKind.GATEWAY: (_SERVER, _CLIENT),
        ServiceKind.AGENT: (_CLIENT,),
        ServiceKind.BROKER: (_SERVER,),
        ServiceKind.GUACD: (_SERVER,),
        ServiceKind.DIRECTORY: (_SERVER,),
    }
)


class Signed(msgspec.Struct, frozen=True):
    """A certificate and the key that it speaks of."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return "<signed>"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to issue for, and under which names and addresses it is dialled."""

    name: ServiceName
    dns: Sequence[str] = ()
    addresses: Sequence[ipaddress.IPv4Address | ipaddress.IPv6Address] = ()
    days: int = SERVICE_DAYS


def is_server(kind: ServiceKind) -> bool:
    """Whether others dial it."""
    return _SERVER in PURPOSES[kind]


def standing_names(name: ServiceName) -> list[str]:
    """Host names that every certificate of a server carries, whatever else it is called."""
    if not is_server(name.kind):
        return []
    return [name.as_hostname(), *([ANY_BROKER] if name.kind is ServiceKind.BROKER else [])]


def make_authority(title: str, *, now: datetime, days: int = CA_DAYS) -> Signed:
    """A new authority that signs services and nothing below them."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    certificate = (
        begin_certificate(subject, subject, key.public_key(), now=now, ends=now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Signed(certificate, key)


def issue(authority: Signed, request: Request, *, now: datetime) -> Signed:
    """A new key and its certificate, which ends no later than the authority's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    ends = min(now + timedelta(days=request.days), max(authority.certificate.not_valid_after_utc, now))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{request.name.kind} {request.name.id}"[:64])])
    alternatives: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(request.name.as_uri()),
        *(x509.DNSName(name) for name in dict.fromkeys([*request.dns, *standing_names(request.name)])),
        *(x509.IPAddress(address) for address in request.addresses),
    ]
    issuer_key = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        begin_certificate(subject, authority.certificate.subject, key.public_key(), now=now, ends=ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(PURPOSES[request.name.kind]), critical=True)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Signed(certificate, key)
