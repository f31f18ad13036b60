"""Addresses and ranges as texts of one form, so that lists of them are sorted and compared."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_REMEMBERED: Final = 8192


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
    """A range without host bits; a single address is a range of one."""
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


def _text(network: Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
