"""What every certificate of ours has in common: X.509 version 3 (RFC 5280), signed by an authority of one level."""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

BACKDATED: Final = timedelta(minutes=5)
"""Hosts whose clocks are a little behind accept a certificate that was made just now."""

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def begin_certificate(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, *, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    """A certificate with a random serial that begins now; what it is good for has still to be said."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """What a key may do: an authority signs certificates, everybody else proves who they are (RFC 5280, 4.2.1.3)."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
