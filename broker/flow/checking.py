"""What is wrong with a site's hosts and networks before anything is derived from them. Pure."""

from collections.abc import Iterator
from typing import Final

from broker.flow.addresses import read_address, read_network
from broker.flow.checking_names import refusals_of_names
from broker.flow.checking_peers import refusals_of_peers
from broker.flow.records import may_talk
from broker.flow.rules import derive_all, further_flows
from broker.flow.site import INTERNET, further_sides
from broker.model.flow_settings import HostSettings
from broker.policy.checking import RuleRefusal, has_control_characters
from broker.policy.ranges import refusals_of_ranges
from broker.settings import SiteSettings

NO_HOSTS: Final = "$.hosts: the settings name no hosts; write [[hosts]] and [[client_networks]] first"


def refusals_of_flows(settings: SiteSettings) -> list[RuleRefusal]:
    """Nothing for a site that names no hosts: it has no list of flows and no packet filter of ours."""
    if not settings.hosts:
        return list(_without_hosts(settings))
    found = [*_hosts(settings), *_addresses(settings), *_clients(settings), *_further(settings)]
    found += [*refusals_of_names(settings), *refusals_of_peers(settings)]
    return found or list(_families(settings))


def _without_hosts(settings: SiteSettings) -> Iterator[RuleRefusal]:
    for name in ("client_networks", "further_flows"):
        if getattr(settings, name):
            yield RuleRefusal(f"$.{name}", "there are no [[hosts]] that they could lead to")


def _hosts(settings: SiteSettings) -> Iterator[RuleRefusal]:
    ids = [host.id for host in settings.hosts]
    for host in settings.hosts:
        path = f"$.hosts.{host.id}"
        if ids.count(host.id) > 1:
            yield RuleRefusal(path, "is there twice")
        if host.id == INTERNET:
            yield RuleRefusal(path, "stands for the Internet in [[further_flows]]: give the host another id")
        if not host.addresses:
            yield RuleRefusal(f"{path}.addresses", "is empty: a packet filter needs addresses")
        if not host.roles:
            yield RuleRefusal(f"{path}.roles", "is empty; write ['other'] for a host that only further flows name")
        if has_control_characters(host.zone):
            yield RuleRefusal(f"{path}.zone", "holds control characters")


def _addresses(settings: SiteSettings) -> Iterator[RuleRefusal]:
    owners: dict[object, HostSettings] = {}
    for host in settings.hosts:
        for text in host.addresses:
            path, address = f"$.hosts.{host.id}.addresses", read_address(text)
            if address is None:
                yield RuleRefusal(path, f"{text!r} is not one IPv4 or IPv6 address")
            elif address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local:
                yield RuleRefusal(path, f"{text} is no address under which other hosts reach this one")
            elif (owner := owners.setdefault(address, host)) is not host:
                yield RuleRefusal(path, f"{text} is an address of {owner.id} too")


def _clients(settings: SiteSettings) -> Iterator[RuleRefusal]:
    entrances = [network.entrance for network in settings.client_networks]
    for network in settings.client_networks:
        path = f"$.client_networks.{network.entrance}"
        if entrances.count(network.entrance) > 1:
            yield RuleRefusal(path, "is there twice: write all ranges of an entrance into one")
        if network.anywhere == bool(network.ranges):
            yield RuleRefusal(path, "needs either ranges or anywhere = true")
    yield from _ranges(settings)


def _ranges(settings: SiteSettings) -> Iterator[RuleRefusal]:
    """Of all entrances together: an address has one way in."""
    everywhere = [
        (f"$.client_networks.{one.entrance}.ranges", text) for one in settings.client_networks for text in one.ranges
    ]
    for refusal in refusals_of_ranges("", [text for _path, text in everywhere]):
        yield RuleRefusal(everywhere[int(refusal.path.strip("[]"))][0], refusal.why)
    for path, text in everywhere:
        clients = read_network(text)
        for host in settings.hosts:
            for address in map(read_address, host.addresses):
                if clients is not None and address is not None and address in clients:
                    yield RuleRefusal(path, f"{text} contains {address} of host {host.id}: clients are no hosts")


def _further(settings: SiteSettings) -> Iterator[RuleRefusal]:
    ids = [flow.id for flow in settings.further_flows]
    for flow in settings.further_flows:
        path = f"$.further_flows.{flow.id}"
        if ids.count(flow.id) > 1:
            yield RuleRefusal(path, "is there twice")
        if has_control_characters(flow.reason):
            yield RuleRefusal(f"{path}.reason", "holds control characters")
        for name, words in (("sources", flow.sources), ("targets", flow.targets)):
            yield from _words(settings, f"{path}.{name}", words)
        sides = further_sides(settings, [*flow.sources, *flow.targets])
        if sides and all(side.host_id is None for side in sides):
            yield RuleRefusal(path, "neither end is one of the [[hosts]]")


def _words(settings: SiteSettings, path: str, words: list[str]) -> Iterator[RuleRefusal]:
    if not words:
        yield RuleRefusal(path, "is empty")
    for word in words:
        network = read_network(word)
        if network is not None and network.prefixlen == 0:
            yield RuleRefusal(path, f"{word} contains every address")
        elif not further_sides(settings, [word]):
            yield RuleRefusal(path, f"{word!r} is no host, no role that a host has, no address and no range")


def _families(settings: SiteSettings) -> Iterator[RuleRefusal]:
    """Both ends need addresses of one IP version, else the connection could never be."""
    for flow in derive_all(settings):
        if not may_talk(flow.source, flow.target):
            why = f"{flow.source.name} and {flow.target.name} have no addresses of the same IP version"
            yield RuleRefusal(f"$.{flow.settings[0]}", why)
    for asked in settings.further_flows:
        if not any(further_flows(settings, asked)):
            yield RuleRefusal(f"$.further_flows.{asked.id}", "its ends have no addresses of the same IP version")
