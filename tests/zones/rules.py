"""The packet filters of the site: made by `sekisho flows`, loaded into each host's namespace."""

from collections.abc import Mapping

import msgspec

from tests.zones import namespaces
from tests.zones.city import City
from tests.zones.map import BY_ID, HOSTS, Kind, permitted
from tests.zones.network import ROUTER


class Rulesets(msgspec.Struct, frozen=True):
    """One ruleset for each host that has one."""

    by_host: Mapping[str, str]

    def load(self, host: str) -> None:
        namespaces.load_rules(host, self.by_host[host])

    def load_all(self) -> None:
        for host in self.by_host:
            self.load(host)


def generate(city: City) -> Rulesets:
    """STAND-IN until the generator is there."""
    inside = [host.id for host in HOSTS if host.kind is not Kind.CLIENT]
    return Rulesets({host: _host(host) for host in inside} | {ROUTER: _router()})


def _rule(path, what):
    return f"ip saddr {BY_ID[path.source].address} ip daddr {BY_ID[path.target].address} tcp dport {path.port} {what}"


def _host(host: str) -> str:
    inp = "\n".join(_rule(p, "accept") for p in permitted() if p.target == host)
    out = "\n".join(_rule(p, "accept") for p in permitted() if p.source == host)
    return f"""table inet sekisho {{
chain input {{
type filter hook input priority 0; policy drop;
iif lo accept
ct state established,related accept
{inp}
}}
chain output {{
type filter hook output priority 0; policy drop;
oif lo accept
ct state established,related accept
{out}
}}
}}"""


def _router() -> str:
    fwd = "\n".join(_rule(p, "accept") for p in permitted())
    return f"""table inet sekisho {{
chain forward {{
type filter hook forward priority 0; policy drop;
ct state established,related accept
{fwd}
}}
}}"""
