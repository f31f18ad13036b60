"""Where an address stands behind an entrance, and what is wrong with entrances before they hold. Pure."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import msgspec

from broker.model.entrances import EntranceRules, SourceRanges
from broker.model.kinds import Origin
from broker.model.place import Place
from broker.model.service_name import is_service_id
from broker.policy.checking import RuleRefusal
from broker.policy.ranges import Network, do_overlap, read_network

_URL: Final = re.compile(r"[a-z]+://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[a-z]*)?")
"""Nothing but a scheme, a host, a port and a path of one word: it stands in the proxy's configuration as it is."""


def find_place(entrance: EntranceRules, address: str) -> Place | None:
    """What the entrance vouches for at this address; ``None`` when it lists its sources and this is none of them."""
    if not entrance.sources:
        return entrance.place
    parsed = ip_address(address)
    for source in entrance.sources:
        networks = (read_network(text) for text in source.ranges)
        if any(network is not None and parsed in network for network in networks):
            return _place_of(entrance, source)
    return None


def refusals_of_entrances(where: str, entrances: Sequence[EntranceRules], reserved_id: str) -> list[RuleRefusal]:
    """Everything about the entrances that could not hold, with its path."""
    found: list[RuleRefusal] = []
    for index, entrance in enumerate(entrances):
        path, before = f"{where}[{index}]", entrances[:index]
        found += _names(path, entrance, before, reserved_id)
        found += _urls(path, entrance, before)
        found += _sources(path, entrance)
    return found


def _place_of(entrance: EntranceRules, source: SourceRanges) -> Place:
    return msgspec.structs.replace(
        entrance.place, origin=source.origin or entrance.origin, segment=source.segment or entrance.segment
    )


def _names(
    path: str, entrance: EntranceRules, before: Sequence[EntranceRules], reserved_id: str
) -> Iterator[RuleRefusal]:
    if not is_service_id(entrance.id):
        yield RuleRefusal(f"{path}.id", f"{entrance.id!r}: a name of a-z, 0-9, '.', '_' and '-'")
    if entrance.id == reserved_id:
        yield RuleRefusal(f"{path}.id", f"{reserved_id} is the broker's own listener")
    if any(entrance.id == other.id for other in before):
        yield RuleRefusal(f"{path}.id", f"{entrance.id} is there twice")


def _urls(path: str, entrance: EntranceRules, before: Sequence[EntranceRules]) -> Iterator[RuleRefusal]:
    for name, scheme, paths in (("public_url", "https", {"", "/"}), ("tunnel_url", "wss", {"/tunnel"})):
        url: str = getattr(entrance, name)
        if not _is_url(url, scheme, paths):
            yield RuleRefusal(f"{path}.{name}", f"{url!r}: {scheme}://name{' and /tunnel' if scheme == 'wss' else ''}")
        if any(url.rstrip("/") == getattr(other, name).rstrip("/") for other in before):
            yield RuleRefusal(f"{path}.{name}", f"{url} is another entrance's")
    if _host(entrance.tunnel_url) != _host(entrance.public_url):
        yield RuleRefusal(f"{path}.tunnel_url", "another host than public_url: the tunnel's cookie would not reach it")


def _is_url(url: str, scheme: str, paths: set[str]) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return _URL.fullmatch(url) is not None and parts.scheme == scheme and parts.path in paths and port != 0


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _sources(path: str, entrance: EntranceRules) -> Iterator[RuleRefusal]:
    """An answer must not depend on which of two ranges is read first."""
    known: list[tuple[Network, str, Place]] = []
    for place, where, text in _ranges(path, entrance):
        network = read_network(text)
        if network is None:
            yield RuleRefusal(where, f"{text!r} is not a range of addresses (CIDR, without host bits)")
            continue
        if network.prefixlen == 0 and place.origin is not Origin.INTERNET:
            yield RuleRefusal(where, f"{text} contains every address: that is origin 'internet', not '{place.origin}'")
        for other, other_where, other_place in known:
            if do_overlap(network, other) and place != other_place:
                yield RuleRefusal(where, f"{text} overlaps {other} ({other_where}), which gives another answer")
        known.append((network, where, place))


def _ranges(path: str, entrance: EntranceRules) -> Iterator[tuple[Place, str, str]]:
    for number, source in enumerate(entrance.sources):
        if not source.ranges:
            yield entrance.place, f"{path}.sources[{number}].ranges", ""
        for position, text in enumerate(source.ranges):
            yield _place_of(entrance, source), f"{path}.sources[{number}].ranges[{position}]", text
