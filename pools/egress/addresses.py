"""Which addresses a name may lead to. Pure.

Sources: IANA special-purpose registries as :mod:`ipaddress` has them; RFC 6052 (64:ff9b::/96), RFC 3056 (2002::/16),
RFC 4291 section 2.5.5 for addresses that carry an IPv4 address.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from pools.egress.model import Network

Address = IPv4Address | IPv6Address
_NAT64: Final = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE: Final = IPv6Network("::/96")
_SITE_LOCAL: Final = IPv6Network("fec0::/10")


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Raises :class:`ValueError` naming what is no network."""
    return tuple(ip_network(text) for text in texts)


def may_reach(address: Address, opened: Iterable[Network], closed: Iterable[Network]) -> bool:
    """Whether a connection to this address may be made: a public one that is not closed, or an opened one.

    What is closed stays closed, whatever is opened. An IPv6 address that carries an IPv4 address is judged by both.
    """
    carried = _carried(address)
    if any(_is_in(each, closed) for each in (address, *carried)):
        return False
    if _is_in(address, opened) or (carried and all(_is_in(each, opened) for each in carried)):
        return True
    return all(_is_public(each) for each in (address, *carried) if not _is_mapped(each))


def read_address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id else address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address in _SITE_LOCAL or address in _NAT64_LOCAL):
        return False
    if isinstance(address, IPv6Address) and address in _NAT64:
        return True  # judged by what it carries
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _is_mapped(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def _carried(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a packet to this IPv6 address would end at."""
    if isinstance(address, IPv4Address):
        return ()
    found = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    if address.teredo is not None:
        found += address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(found)


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
