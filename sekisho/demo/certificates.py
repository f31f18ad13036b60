"""A small certificate authority for the demo's own servers, made at the first start and good on this machine only."""

import ipaddress
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broker.certificates import key_usage
from sekisho.private_files import write_private

_CA_DAYS: Final = 3650
_SERVER_DAYS: Final = 397
_RENEW_DAYS: Final = 30
_BACKDATED: Final = timedelta(hours=1)  # clocks of one machine agree; a test's frozen clock may not


class ServerCertificate(msgspec.Struct, frozen=True):
    """Files of one server: the CA that clients trust, its certificate, and its key (0600)."""

    ca_file: Path
    certificate_file: Path
    key_file: Path


def prepare_certificate(folder: Path, *, now: datetime) -> ServerCertificate:
    """Return the server's certificate for localhost, 127.0.0.1 and this host's name; make or renew it when needed.

    The CA's key is thrown away once it has signed: a renewal makes a new CA. libldap asks for the host's own name
    when it is told ``localhost``, hence that name.
    """
    files = ServerCertificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    names = _names()
    if not _is_good(files, names, now):
        _make(files, names, now)
    return files


def _names() -> list[x509.GeneralName]:
    hosts = dict.fromkeys(["localhost", socket.gethostname(), socket.getfqdn()])
    return [*(x509.DNSName(host) for host in hosts if host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


def _is_good(files: ServerCertificate, names: list[x509.GeneralName], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate_file.read_bytes())
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    still = certificate.not_valid_after_utc - now
    return files.key_file.is_file() and set(names) <= set(san) and still > timedelta(days=_RENEW_DAYS)


def _make(files: ServerCertificate, names: list[x509.GeneralName], now: datetime) -> None:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sekisho demo CA")])
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key(), now, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    certificate = (
        _builder(subject, ca_name, key.public_key(), now, _SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(issuer_id, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write(files, ca, certificate, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
    )


def _write(
    files: ServerCertificate, ca: x509.Certificate, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> None:
    """The key comes first and the certificate last: a start that was cut off in between makes a new set."""
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files.certificate_file.unlink(missing_ok=True)
    write_private(files.key_file, private.decode())
    for path, content in ((files.ca_file, ca), (files.certificate_file, certificate)):
        write_private(path, content.public_bytes(pem).decode())
        os.chmod(path, 0o644)  # noqa: PTH101 -- beside write_private's own mode
