"""Who shares a limit, and who is at home. Pure."""

import ipaddress
from typing import Final

_IPV6_SHARE_BITS: Final = 64
"""What one subscriber is given at the least (RFC 6177): addresses within it cost nothing."""


def find_share(address: str) -> str:
    """The name under which an address is counted: itself, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_SHARE_BITS), strict=False))


def is_loopback(address: str | None) -> bool:
    """Whether the peer is a process of this host. What is no address is not."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return (mapped or parsed).is_loopback
