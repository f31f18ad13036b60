"""Ranges of source addresses, as entrances and enrolment know them. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from broker.policy.checking import RuleRefusal

Network = IPv4Network | IPv6Network


def refusals_of_ranges(where: str, ranges: Sequence[str]) -> list[RuleRefusal]:
    """Ranges that are none, that contain every address, or that overlap one before."""
    found: list[RuleRefusal] = []
    networks: list[Network] = []
    for index, text in enumerate(ranges):
        path = f"{where}[{index}]"
        network = read_network(text)
        if network is None:
            found.append(RuleRefusal(path, f"{text!r} is not a range of addresses (CIDR, without host bits)"))
            continue
        if network.prefixlen == 0:
            found.append(RuleRefusal(path, f"{text} contains every address: it tells nobody apart"))
        found += [RuleRefusal(path, f"{text} overlaps {other}") for other in networks if do_overlap(network, other)]
        networks.append(network)
    return found


def do_overlap(one: Network, other: Network) -> bool:
    """Whether an address lies in both."""
    return one.version == other.version and one.overlaps(other)


def read_network(text: str) -> Network | None:
    """A range in CIDR without host bits, or ``None``."""
    if "%" in text:  # a link of this host is no place behind an entrance
        return None
    try:
        return ip_network(text)
    except ValueError:
        return None
