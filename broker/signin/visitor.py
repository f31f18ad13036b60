"""Who knocks, and the keys under which their attempts are counted. Pure."""

import hashlib
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from types import MappingProxyType
from typing import Final

import msgspec

from broker.model.arrival import Arrival
from broker.model.ids import TenantId
from broker.model.text import clean_text
from broker.model.throttle import Scope
from broker.signin.inputs import MAX_ADDRESS, account_name, address_group, neighbourhood
from broker.signin.scopes import BINDING, Keys, Source

LANES: Final = 16
"""Strangers of a tenant are counted in so many groups of networks, so that who fills one slows few others down."""

BLOCK_PREFIXES: Final[Mapping[int, tuple[int, ...]]] = MappingProxyType({4: (32, 24, 16), 6: (64, 56, 48, 32)})
"""Sizes of networks that can be blocked, by the version of IP."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """The name that was typed, cleaned, and how the request came in."""

    tenant_id: TenantId
    login: str
    arrival: Arrival

    @property
    def account(self) -> str:
        return account_name(self.tenant_id, self.login)

    @property
    def folded_login(self) -> str:
        return self.account.removeprefix(f"{self.tenant_id}:")

    @property
    def address(self) -> str:
        return clean_text(self.arrival.address, MAX_ADDRESS)

    @property
    def place(self) -> str:
        """Entrance and address as they count: 10.0.0.5 behind two entrances is two hosts."""
        return f"{self.arrival.entrance}/{address_group(self.arrival.address)}"

    def keys(self, source: Source, number: str) -> Keys:
        """What binds an attempt from this source; ``number`` of the browser or device that is known."""
        return {scope: self._key(scope, number) for scope in BINDING[source]}

    def block_keys(self) -> list[str]:
        """Under which a block of the desk would be found."""
        try:
            found = ip_address(address_group(self.arrival.address).partition("/")[0])
        except ValueError:
            return []
        sizes = BLOCK_PREFIXES[found.version]
        return [block_key(self.tenant_id, ip_network((found, size), strict=False)) for size in sizes]

    def _key(self, scope: Scope, number: str) -> str:
        match scope:
            case Scope.PAIR:
                return f"{scope}:{self.account}@{self.place}"
            case Scope.ADDRESS:
                return f"{scope}:{self.tenant_id}:{self.place}"
            case Scope.ACCOUNT:
                return f"{scope}:{self.account}"
            case Scope.TENANT:
                return f"{scope}:{self.tenant_id}:{self.arrival.entrance}:{self._lane()}"
            case Scope.BROWSER | Scope.DEVICE:
                return f"{scope}:{self.account}@{number}"
            case Scope.BLOCK:
                return self.block_keys()[0]

    def _lane(self) -> int:
        around = neighbourhood(self.arrival.address).encode("utf-8", "surrogatepass")
        return hashlib.sha256(around).digest()[0] % LANES


def block_key(tenant_id: TenantId, network: IPv4Network | IPv6Network) -> str:
    return f"{Scope.BLOCK}:{tenant_id}:{network}"


_NETWORK: Final = re.compile(r"[0-9A-Fa-f.:/]{2,49}")


def read_network(text: str) -> IPv4Network | IPv6Network | None:
    """The network that a block names: an address alone (of IPv6 its /64), or one of :data:`BLOCK_PREFIXES`."""
    plain = text.strip()
    if not _NETWORK.fullmatch(plain):
        return None
    try:
        network = ip_network(plain if "/" in plain else address_group(plain), strict=False)
    except ValueError:
        return None
    return network if network.prefixlen in BLOCK_PREFIXES[network.version] else None
