"""The packet filter of a host: its flows, each in rules of its own, and nothing else."""

import re
from datetime import date
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from broker.errors import ConfigurationError
from broker.flow import derive, refusals_of_flows, ruleset_of
from broker.flow.nft import render, rules_of
from tests.broker.flow.site import document, host, settings_of

TODAY: Final = date(2026, 11, 22)
_COMMENT: Final = re.compile(r'accept comment "([^"]+)"$')


def chains_of(ruleset: str) -> dict[str, list[str]]:
    """Ids in the comments of each chain, as often as they are there."""
    found: dict[str, list[str]] = {}
    chain = ""
    for line in ruleset.splitlines():
        if named := re.match(r"\tchain (\w+) \{", line):
            chain = named[1]
            found[chain] = []
        if rule := _COMMENT.search(line):
            found[chain].append(rule[1])
    return found


def test_a_host_lets_in_and_out_what_is_its_own() -> None:
    ruleset = ruleset_of(settings_of(document()), "gw-sim", TODAY)
    assert chains_of(ruleset) == {
        "input": ["entrance-gateway/sim-proxy/gw-sim/tcp-8401"],
        "output": [
            "gateway-broker/gw-sim/broker-1/tcp-8402",
            "gateway-broker/gw-sim/broker-2/tcp-8402",
            "gateway-guacd/gw-sim/vdi-1/tcp-4822",
            "further:ntp/gw-sim/10.3.0.53/udp-123",
        ],
        "forward": [],
    }
    assert ruleset.count("policy drop;") == 3


def test_a_rule_names_both_ends_in_each_ip_version() -> None:
    flow = next(
        flow for flow in derive(settings_of(document()), TODAY) if flow.id.startswith("client-entrance/clients:o")
    )
    comment = 'comment "client-entrance/clients:office/lan-proxy/tcp-8443"'
    assert list(rules_of(flow)) == [
        f"ip saddr 10.1.0.0/16 ip daddr 10.3.0.1 tcp dport 8443 ct state new accept {comment}",
        f"ip6 saddr fd00:1::/48 ip6 daddr fd00:3::1 tcp dport 8443 ct state new accept {comment}",
    ]


def test_people_from_anywhere_reach_the_entrance_alone() -> None:
    raw = document()
    raw["client_networks"][0] = {"entrance": "closed_sim", "anywhere": True}
    rules = [
        line.strip() for line in ruleset_of(settings_of(raw), "sim-proxy", TODAY).splitlines() if "clients:" in line
    ]
    assert [rule.partition(" comment")[0] for rule in rules] == [
        "ip daddr 10.9.255.1 tcp dport 443 ct state new accept"
    ]


def test_a_router_passes_what_is_not_its_own() -> None:
    settings = settings_of(document())
    chains = chains_of(ruleset_of(settings, "fw", TODAY))
    passing = {flow.id for flow in derive(settings, TODAY) if not flow.touches("fw")}
    assert set(chains["forward"]) == passing
    assert chains["input"] == []
    assert chains["output"] == ["further:ntp/fw/10.3.0.53/udp-123"]


def test_a_flow_that_has_ended_is_in_no_filter() -> None:
    settings = settings_of(document())
    assert "further:move" in ruleset_of(settings, "db", date(2026, 12, 31))
    assert "further:move" not in ruleset_of(settings, "db", date(2027, 1, 1))


def test_an_unknown_host_and_refused_settings_have_no_filter() -> None:
    with pytest.raises(ConfigurationError, match=r"no host 'mars'; known: sim-proxy, "):
        ruleset_of(settings_of(document()), "mars", TODAY)
    raw = document()
    host(raw, "db")["addresses"] = ["10.3.0.31"]
    with pytest.raises(ConfigurationError, match=r"\$\.hosts\.ldap\.addresses: 10.3.0.31 is an address of db"):
        ruleset_of(settings_of(raw), "db", TODAY)


_HOSTS: Final = [one["id"] for one in document()["hosts"]]
_EXTRA: Final = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True),
            "sources": st.lists(st.sampled_from([*_HOSTS, "*", "gateway", "guacd:lgwan"]), min_size=1, max_size=3),
            "targets": st.lists(
                st.sampled_from([*_HOSTS, "broker", "10.3.0.53", "10.77.0.0/16", "fd00:53::1"]), min_size=1, max_size=3
            ),
            "protocol": st.sampled_from(["tcp", "udp"]),
            "port": st.integers(1, 65535),
            "reason": st.just("x"),
        }
    ),
    max_size=6,
    unique_by=lambda flow: flow["id"],
)


@limits(max_examples=40, deadline=None)
@given(extra=_EXTRA, dropped=st.sets(st.sampled_from(["residents", "shared", "office-pcs"])))
def test_every_rule_is_one_flow_and_every_flow_has_its_rules(extra: list[dict[str, object]], dropped: set[str]) -> None:
    raw = document()
    raw["further_flows"] = extra
    tenant = raw["tenants"][0]
    tenant["pools"] = [pool for pool in tenant["pools"] if pool["id"] not in dropped]
    for machine in raw["hosts"]:
        machine["roles"] = [role for role in machine["roles"] if role.partition(":")[2] not in dropped] or ["other"]
    settings = settings_of(raw)
    assume(refusals_of_flows(settings) == [])  # no host that is asked for has an address in IPv6
    flows = derive(settings, TODAY)
    rulesets = {machine.id: chains_of(render(machine, flows)) for machine in settings.hosts}
    assert len({flow.id for flow in flows}) == len(flows)
    assert all(len(flow.id) <= 120 for flow in flows)
    for flow in flows:
        rules = len(list(rules_of(flow)))
        assert rules in {1, 2}
        for host_id, chains in rulesets.items():
            assert chains["input"].count(flow.id) == (rules if flow.target.host_id == host_id else 0)
            assert chains["output"].count(flow.id) == (rules if flow.source.host_id == host_id else 0)
            passes = host_id == "fw" and not flow.touches("fw")
            assert chains["forward"].count(flow.id) == (rules if passes else 0)
    known = {flow.id for flow in flows}
    assert {flow_id for chains in rulesets.values() for ids in chains.values() for flow_id in ids} <= known
