"""Who is silent, by address, the longest silent first. Pure."""

import ipaddress
from collections.abc import Hashable
from typing import Generic, TypeVar

_T = TypeVar("_T", bound=Hashable)
_NETWORK_BITS = 64


def neighbourhood_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber has at least (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> _NETWORK_BITS << _NETWORK_BITS, _NETWORK_BITS)))


class SilentRoll(Generic[_T]):
    """The silent ones of every address in the order in which they fell silent."""

    def __init__(self) -> None:
        self._by_address: dict[str, dict[_T, None]] = {}

    def add(self, address: str, one: _T) -> None:
        """``one`` falls silent now; if it was silent before, it is so anew."""
        here = self._by_address.setdefault(address, {})
        here.pop(one, None)
        here[one] = None

    def drop(self, address: str, one: _T) -> None:
        """``one`` has said what it came for, or is gone. Not an error when it was not silent."""
        here = self._by_address.get(address)
        if here is None:
            return
        here.pop(one, None)
        if not here:
            del self._by_address[address]

    def count(self, address: str) -> int:
        return len(self._by_address.get(address, ()))

    def oldest_of(self, address: str) -> _T | None:
        return next(iter(self._by_address.get(address, ())), None)

    def oldest_of_greediest(self) -> _T | None:
        """The longest silent one of the address that has most of them."""
        greediest = max(self._by_address.values(), key=len, default=None)
        return None if greediest is None else next(iter(greediest))
