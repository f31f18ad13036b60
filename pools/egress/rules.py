"""Whether a request may go out, and whether a handshake keeps to it. Pure."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

import msgspec

from broker.model.destinations import (
    Destination,
    DestinationRefused,
    Scheme,
    find_destination,
    is_address,
    normal_host,
    parse_destination,
)
from pools.egress.addresses import Address, may_reach, parse_networks, read_address
from pools.egress.client_hello import HelloName
from pools.egress.model import EgressOrder, Network, Refusal


class EgressRules(msgspec.Struct, frozen=True, kw_only=True):
    """An order, read."""

    destinations: tuple[Destination, ...]
    opened: tuple[Network, ...]
    closed: tuple[Network, ...]
    names: Mapping[str, tuple[str, ...]]
    parent: tuple[str, int] | None


def read_rules(order: EgressOrder) -> EgressRules:
    """Raises :class:`ValueError` with what is wrong: a proxy that can't read its order does not start."""
    destinations: list[Destination] = []
    for text in order.destinations:
        match parse_destination(text):
            case Destination() as destination:
                destinations.append(destination)
            case DestinationRefused(why):
                raise ValueError(f"{text!r}: {why}")
    return EgressRules(
        destinations=tuple(destinations),
        opened=parse_networks(order.open_ranges),
        closed=parse_networks(order.closed_ranges),
        names={normal_host(name) or name: tuple(order.names[name]) for name in order.names},
        parent=read_parent(order.parent),
    )


def read_parent(text: str) -> tuple[str, int] | None:
    """``host:port``, or None for an empty text. Raises :class:`ValueError`."""
    if not text:
        return None
    host, _, port = text.rpartition(":")
    normal = normal_host(host)
    if normal is None or not port.isdecimal() or not 0 < int(port) <= 65535:
        raise ValueError(f"{text!r} is no host:port")
    return normal.strip("[]"), int(port)


def is_listed(rules: EgressRules, scheme: Scheme, host: str, port: int) -> bool:
    return find_destination(rules.destinations, scheme, host, port) is not None


def literal_of(host: str) -> Address | None:
    """The address that a normal host is, if it is one."""
    return ip_address(host.strip("[]")) if is_address(host) else None


def choose_addresses(rules: EgressRules, found: Sequence[str]) -> tuple[Address, ...] | Refusal:
    """The addresses to try, in their order. One closed address among them refuses the name as a whole: an honest
    public name has none, and one that rebinds does."""
    addresses = [read_address(text) for text in found]
    if not addresses:
        return Refusal.UNRESOLVED
    checked = tuple(each for each in addresses if each is not None and may_reach(each, rules.opened, rules.closed))
    return checked if len(checked) == len(addresses) else Refusal.ADDRESS_CLOSED


def is_same_server(hello: HelloName, host: str) -> bool:
    """Whether the handshake names the host that was asked for; an address is asked for without any name."""
    if hello.name is None:
        return is_address(host)
    return normal_host(hello.name) == host
