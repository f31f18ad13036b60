"""The packet filter of one host as a ruleset of nftables.

One table of our own, replaced as a whole in one transaction (nft(8): a file is applied atomically). Every chain drops
what no rule takes; connections that were let in go on by their state, and ICMP errors belong to them. IPv6 can't do
without neighbour discovery (RFC 4861; hop limit 255 keeps it on the link) and reports of multicast listeners (RFC
3810). Nothing else of ICMP is let through.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from broker.errors import ConfigurationError
from broker.flow.checking import NO_HOSTS, refusals_of_flows
from broker.flow.records import Flow, Side
from broker.flow.roles import HostRole, RoleKind, roles_of
from broker.flow.rules import derive
from broker.model.flow_settings import HostSettings
from broker.policy.checking import list_refusals
from broker.settings import SiteSettings

TABLE: Final = "sekisho"
FAMILY: Final = "inet"
_VERSIONS: Final = ((4, "ip"), (6, "ip6"))
_STATE: Final = ("ct state established,related accept", 'ct state invalid counter drop comment "invalid"')
_NEIGHBOURS: Final = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept"
_LISTENERS: Final = "icmpv6 type { mld-listener-report, mld2-listener-report } accept"
_QUERIES: Final = "icmpv6 type mld-listener-query accept"
_DROPPED: Final = 'counter comment "dropped"'


def ruleset_of(settings: SiteSettings, host_id: str, today: date) -> str:
    """What ``nft -f`` takes on that host. Raises :class:`ConfigurationError` for settings that are refused, or no host.

    Loading it again changes nothing but the counters.
    """
    if refusals := refusals_of_flows(settings):
        raise ConfigurationError(list_refusals(refusals))
    if not settings.hosts:
        raise ConfigurationError(NO_HOSTS)
    host = next((host for host in settings.hosts if host.id == host_id), None)
    if host is None:
        known = ", ".join(host.id for host in settings.hosts) or "none"
        raise ConfigurationError(f"$.hosts: there is no host {host_id!r}; known: {known}")
    return render(host, derive(settings, today))


def render(host: HostSettings, flows: Iterable[Flow]) -> str:
    """The ruleset of ``host`` for these flows. Every rule with an id in its comment is one flow of one IP version."""
    flows = list(flows)
    passing = flows if HostRole(RoleKind.ROUTER) in roles_of(host) else []
    chains = (
        *_chain("input", [flow for flow in flows if flow.target.host_id == host.id], (_NEIGHBOURS, _QUERIES)),
        *_chain("output", [flow for flow in flows if flow.source.host_id == host.id], (_NEIGHBOURS, _LISTENERS)),
        *_chain("forward", [flow for flow in passing if not flow.touches(host.id)], ()),
    )
    head = (
        "#!/usr/sbin/nft -f",
        f"# Packet filter of {host.id}: its permitted flows (特定通信) and nothing else.",
        "# Made by `sekisho flows nft`; changes by hand are lost, and `sekisho flows check` reports them.",
        f"table {FAMILY} {TABLE}",
        f"delete table {FAMILY} {TABLE}",
        f"table {FAMILY} {TABLE} {{",
    )
    return "\n".join((*head, *chains, "}", ""))


def _chain(hook: str, flows: Iterable[Flow], essentials: Iterable[str]) -> Iterator[str]:
    local = {"input": ['iif "lo" accept'], "output": ['oif "lo" accept']}.get(hook, [])
    rules = [rule for flow in flows for rule in rules_of(flow)]
    yield f"\tchain {hook} {{"
    yield f"\t\ttype filter hook {hook} priority filter; policy drop;"
    yield from (f"\t\t{rule}" for rule in (*local, *_STATE, *essentials, *rules, _DROPPED))
    yield "\t}"


def rules_of(flow: Flow) -> Iterator[str]:
    """One rule for each IP version that both ends have."""
    for version, word in _VERSIONS:
        sources, targets = flow.source.of_version(version), flow.target.of_version(version)
        if not (sources or flow.source.is_anywhere) or not (targets or flow.target.is_anywhere):
            continue
        ends = [_match(f"{word} saddr", flow.source, sources), _match(f"{word} daddr", flow.target, targets)]
        port = f"{flow.protocol} dport {flow.port} ct state new accept"
        yield " ".join((*filter(None, ends), port, f'comment "{flow.id}"'))


def _match(field: str, side: Side, addresses: tuple[str, ...]) -> str:
    if side.is_anywhere:
        return ""
    return f"{field} {addresses[0]}" if len(addresses) == 1 else f"{field} {{ {', '.join(addresses)} }}"
