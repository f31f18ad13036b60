"""Addresses and ranges as texts of one form, so that lists of them are sorted and compared."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_REMEMBERED: Final = 8192
_SPECIAL: Final = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16",
)  # fmt: skip


@lru_cache(_REMEMBERED)
def read_address(text: str) -> Address | None:
    """One address without a scope; ``None`` when it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id else address


@lru_cache(_REMEMBERED)
def read_network(text: str) -> Network | None:
    """A range without host bits; a single address is a range of one. No scope: that could be any text (RFC 4007)."""
    if "%" in text:
        return None
    try:
        return ip_network(text)
    except ValueError:
        return None


def sorted_ranges(texts: Iterable[str]) -> tuple[str, ...]:
    """Without repetition, IPv4 before IPv6, by address; ranges of one address are written as the address."""
    networks = {network for text in texts if (network := read_network(text)) is not None}
    ordered = sorted(networks, key=lambda one: (one.version, int(one.network_address), one.prefixlen))
    return tuple(_text(network) for network in ordered)


def of_version(texts: Iterable[str], version: int) -> tuple[str, ...]:
    """Those of one IP version, in the order given."""
    return tuple(text for text in texts if (network := read_network(text)) is not None and network.version == version)


def public_ranges(kept_out: Iterable[str]) -> tuple[str, ...]:
    """Every address of the Internet but those of ``kept_out``.

    Not of the Internet is what is private or set aside (the registries of special-purpose addresses, RFC 6890), and
    outside of 2000::/3 all of IPv6.
    """
    left: list[Network] = [ip_network("0.0.0.0/0"), ip_network("2000::/3")]
    for text in (*_SPECIAL, *kept_out):
        if (hole := read_network(text)) is not None:
            left = [piece for network in left for piece in _without(network, hole)]
    return sorted_ranges(str(network) for network in left)


def _without(network: Network, hole: Network) -> Iterable[Network]:
    if isinstance(network, IPv4Network) and isinstance(hole, IPv4Network) and network.overlaps(hole):
        return [] if network.subnet_of(hole) else network.address_exclude(hole)
    if isinstance(network, IPv6Network) and isinstance(hole, IPv6Network) and network.overlaps(hole):
        return [] if network.subnet_of(hole) else network.address_exclude(hole)
    return [network]


def _text(network: Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
