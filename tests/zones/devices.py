"""Devices with certificates of the site's own device authority, enrolled as the IT desk does it."""

from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.zones.city import City


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device's certificate and key."""

    certificate: Path
    key: Path


def enrol_device(city: City, name: str, owner: str) -> Device:
    """The device makes its key and a signing request; the IT desk's command makes the certificate."""
    folder = city.folder / "devices"
    folder.mkdir(exist_ok=True, mode=0o700)
    device = Device(certificate=folder / f"{name}.crt", key=folder / f"{name}.key")
    key = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    device.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    request = builder.sign(key, hashes.SHA256()).public_bytes(pem).decode()
    order = {"name": name, "kind": "managed", "owner": owner, "sim_line": "", "request": request}
    device.certificate.write_text(city.ask("POST", "/admin/devices", order)["certificate_pem"])
    return device
