"""The folder of the service authority: ``ca.crt``, ``ca.key``, and a ``.crt`` and ``.key`` for each service (0600)."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broker.errors import ConfigurationError
from broker.model.service_name import ServiceKind, ServiceName
from sekisho.pki.authority import Request, Signed, is_server, issue, make_authority
from sekisho.private_files import write_private

_PEM = serialization.Encoding.PEM


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate's file, its key's, and what it is good for."""

    certificate: Path
    key: Path
    ends: datetime


def init_folder(folder: Path, title: str, *, now: datetime, may_replace: bool = False) -> Pair:
    """A new authority. Raises :class:`ConfigurationError` when there is one, unless it may be replaced."""
    files = folder / "ca.crt", folder / "ca.key"
    _refuse_existing(files, may_replace, "every service would need a new certificate")
    return _write(*files, make_authority(title, now=now))


def issue_into(folder: Path, request: Request, *, now: datetime, may_replace: bool = False) -> Pair:
    """A certificate with a new key for a service; issuing again renews it, with the names that it had if none is given.

    Raises :class:`ConfigurationError` when there is no authority, no name to dial a server by, or a file in the way.
    """
    name = f"{request.name.kind}-{request.name.id}"
    files = folder / f"{name}.crt", folder / f"{name}.key"
    authority = _load(folder / "ca.crt", folder / "ca.key")
    if authority.certificate.not_valid_after_utc <= now:
        raise ConfigurationError(f"{folder / 'ca.crt'}: has ended; make a new one: sekisho pki init --force")
    _refuse_existing(files, may_replace, "renew with --force")
    if not request.dns and not request.addresses and files[0].exists():
        request = _with_names_of(files[0], request)
    is_dialled_by_name = is_server(request.name.kind) and request.name.kind is not ServiceKind.GATEWAY
    if is_dialled_by_name and not request.dns and not request.addresses:
        raise ConfigurationError(f"{request.name.kind} {request.name.id} is dialled: give --dns NAME or --ip ADDRESS")
    return _write(*files, issue(authority, request, now=now))


def service_request(name: ServiceName, dns: Sequence[str], addresses: Sequence[str], days: int) -> Request:
    """Raises :class:`ConfigurationError` for what is no name and no address."""
    for host in dns:
        if not host or not host.isascii() or any(sign.isspace() or sign in "/:@" for sign in host):
            raise ConfigurationError(f"--dns {host!r}: not a host name")
    try:
        parsed = [ipaddress.ip_address(address) for address in addresses]
    except ValueError as error:
        raise ConfigurationError(f"--ip: {error}") from error
    return Request(name=name, dns=tuple(dns), addresses=parsed, days=days)


def _refuse_existing(files: Sequence[Path], may_replace: bool, advice: str) -> None:
    there = [path for path in files if path.exists()]
    if there and not may_replace:
        raise ConfigurationError(f"{there[0]}: is there already; {advice}")


def _with_names_of(path: Path, request: Request) -> Request:
    certificate = _load_certificate(path)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [
        address
        for address in names.get_values_for_type(x509.IPAddress)
        if isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
    ]
    return msgspec.structs.replace(request, dns=names.get_values_for_type(x509.DNSName), addresses=addresses)


def _load(certificate: Path, key: Path) -> Signed:
    loaded = _load_certificate(certificate)
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{key}: the authority's key can't be read: {error}") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != loaded.public_key():
        raise ConfigurationError(f"{key}: not the key of {certificate}")
    return Signed(loaded, private)


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path}: no such file; make the authority first: sekisho pki init") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: not a certificate (PEM): {error}") from error


def _write(certificate: Path, key: Path, signed: Signed) -> Pair:
    """The key first: a pair that was cut off in between does not go together and is refused where it is loaded."""
    private = signed.key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write_private(key, private)
    _write_private(certificate, signed.certificate.public_bytes(_PEM))
    return Pair(certificate=certificate, key=key, ends=signed.certificate.not_valid_after_utc)


def _write_private(path: Path, content: bytes) -> None:
    try:
        write_private(path, content.decode("ascii"))
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be written: {error.strerror}") from error
