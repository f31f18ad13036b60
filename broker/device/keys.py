"""Two ways to a device's key: made here and handed over once (PKCS#12, RFC 7292), or made there (PKCS#10, RFC 2986).

A private key that is made here is in nobody's books: only the file that leaves holds it.
"""

import base64
import binascii
import os
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from broker.certificates import PublicKey
from broker.device.records import DeviceRefusal
from broker.secret import Secret


class NewKey(msgspec.Struct, frozen=True):
    """A device's key. ``private`` is there when it was made here."""

    public: PublicKey
    private: ec.EllipticCurvePrivateKey | None = None

    def __repr__(self) -> str:
        return "<new key>"


MAX_REQUEST_CHARS: Final = 16_384
_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 8192
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)
_KDF_ROUNDS: Final = 50_000
_PASSWORD_BYTES: Final = 15


def choose_key(request: str) -> NewKey | DeviceRefusal:
    """The key of a signing request; without a request a new one."""
    if not request:
        made = ec.generate_private_key(ec.SECP256R1())
        return NewKey(made.public_key(), made)
    key = read_request(request)
    return key if isinstance(key, DeviceRefusal) else NewKey(key)


def new_password() -> Secret:
    """120 random bits in 24 characters (base32 in lower case, in groups of six), easy to type once."""
    text = base64.b32encode(os.urandom(_PASSWORD_BYTES)).decode("ascii").lower()
    return Secret("-".join(text[start : start + 6] for start in range(0, len(text), 6)))


def pack(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    authority: x509.Certificate,
    password: Secret,
) -> bytes:
    """One file for the device: its key, its certificate and the authority's (PBES2 with AES-256, HMAC-SHA-256)."""
    locked = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(_KDF_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(password.reveal().encode("ascii"))
    )
    return pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, [authority], locked)


def read_request(text: str) -> PublicKey | DeviceRefusal:
    """The key of a signing request (PEM) whose sender has shown to hold it. Names in it do not count."""
    if len(text) > MAX_REQUEST_CHARS:
        return DeviceRefusal.REQUEST_UNREADABLE
    try:
        request = x509.load_pem_x509_csr(text.strip().encode("ascii"))
        key = request.public_key()
        if not request.is_signature_valid:
            return DeviceRefusal.REQUEST_NOT_SIGNED
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm, x509.InvalidVersion):
        return DeviceRefusal.REQUEST_UNREADABLE
    except InvalidSignature:
        return DeviceRefusal.REQUEST_NOT_SIGNED
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return key
    if isinstance(key, rsa.RSAPublicKey) and _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS:
        return key
    return DeviceRefusal.KEY_TOO_WEAK
