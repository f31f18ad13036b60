"""What an entrance's proxy says about a request, on a channel where its certificate names it and nowhere else. Pure."""

import base64
import binascii
import ipaddress
from collections.abc import Sequence
from typing import Final

CLIENT_ADDRESS: Final = "Sekisho-Client-Address"
"""The address that the proxy saw; exactly one header with exactly one IPv4 or IPv6 address."""
DEVICE_CERTIFICATE: Final = "Sekisho-Device-Certificate"
"""Base64 of the DER of the certificate that the device showed; empty or missing: it showed none."""
_MAX_CERTIFICATE_CHARACTERS: Final = 16_384


class HeaderRefused(ValueError):
    """A header of the proxy that is missing, there twice, or malformed. The text is for logs and holds none of it."""


def read_client_address(values: Sequence[str]) -> str:
    """The address in its usual spelling. Raises :class:`HeaderRefused`."""
    if len(values) != 1:
        raise HeaderRefused(f"{CLIENT_ADDRESS}: {len(values)} of them")
    try:
        parsed = ipaddress.ip_address(values[0])
    except ValueError as error:
        raise HeaderRefused(f"{CLIENT_ADDRESS}: not an address") from error
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.scope_id is not None:
        raise HeaderRefused(f"{CLIENT_ADDRESS}: an address of one link")
    return str(mapped or parsed)


def read_device_certificate(values: Sequence[str]) -> bytes | None:
    """The DER of a certificate that nobody has judged yet. Raises :class:`HeaderRefused`."""
    if len(values) > 1:
        raise HeaderRefused(f"{DEVICE_CERTIFICATE}: {len(values)} of them")
    if not values or not values[0]:
        return None
    if len(values[0]) > _MAX_CERTIFICATE_CHARACTERS:
        raise HeaderRefused(f"{DEVICE_CERTIFICATE}: too long")
    try:
        return base64.b64decode(values[0], validate=True)
    except (binascii.Error, ValueError) as error:
        raise HeaderRefused(f"{DEVICE_CERTIFICATE}: not base64") from error
