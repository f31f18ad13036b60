"""Hosts and networks that can't be: refused with the path and the reason."""

from collections.abc import Callable
from typing import Any

import pytest

from broker.flow import refusals_of_flows
from tests.broker.flow.site import document, host, settings_of

Change = Callable[[dict[str, Any]], object]


def refusals(change: Change) -> list[str]:
    raw = document()
    change(raw)
    return [f"{refusal.path}: {refusal.why}" for refusal in refusals_of_flows(settings_of(raw))]


def with_host(host_id: str, **fields: Any) -> Change:
    return lambda raw: host(raw, host_id).update(fields)


def with_further(**fields: Any) -> Change:
    return lambda raw: raw["further_flows"][1].update(fields)


def without_host(host_id: str) -> Change:
    return lambda raw: raw["hosts"].remove(host(raw, host_id))


def with_ranges(*ranges: str) -> Change:
    return lambda raw: raw["client_networks"][0].update(ranges=list(ranges))


def with_url_in_a_file(raw: dict[str, Any]) -> None:
    raw["database"] = {"url_file": "database.url"}
    raw["hosts"].remove(host(raw, "db"))


def with_proxy(**fields: Any) -> Change:
    return lambda raw: raw["entrances"][0]["proxy"].update(fields)


def at_its_own_portal(raw: dict[str, Any]) -> None:
    host(raw, "broker-1")["roles"].append("entrance:portal")
    raw["portal"]["host"] = "127.0.0.1"


def without_wire(raw: dict[str, Any]) -> None:
    for name in ("host", "port", "certificate", "key", "client_ca"):
        del raw["wire"][name]


def test_a_good_site_has_none() -> None:
    assert refusals(lambda raw: None) == []


def test_a_proxy_may_be_told_what_the_list_says() -> None:
    assert refusals(with_proxy(brokers=["[fd00:3::20]:8403"], gateways={"gw-sim": "10.8.0.11:8401"})) == []


def test_a_site_without_hosts_has_no_flows_and_nothing_to_refuse() -> None:
    assert refusals(lambda raw: raw.update(hosts=[], client_networks=[], further_flows=[])) == []
    assert refusals(lambda raw: raw.update(hosts=[], further_flows=[])) == [
        "$.client_networks: there are no [[hosts]] that they could lead to"
    ]


@pytest.mark.parametrize(
    "change, said",
    [
        (with_host("db", addresses=["10.3.0.31"]), "$.hosts.ldap.addresses: 10.3.0.31 is an address of db too"),
        (
            with_host("gw-lan", addresses=["fd00:3::0:20"]),
            "$.hosts.broker-1.addresses: fd00:3::20 is an address of gw-lan",
        ),
        (with_host("db", addresses=["10.3.0.0/24"]), "$.hosts.db.addresses: '10.3.0.0/24' is not one IPv4"),
        (with_host("db", addresses=["127.0.0.1"]), "$.hosts.db.addresses: 127.0.0.1 is no address under which"),
        (with_host("db", addresses=["fe80::1%eth0"]), "$.hosts.db.addresses: 'fe80::1%eth0' is not one"),
        (with_host("db", addresses=[]), "$.hosts.db.addresses: is empty"),
        (with_host("db", roles=[]), "$.hosts.db.roles: is empty"),
        (with_host("db", roles=["datenbank"]), "$.hosts.db.roles: 'datenbank' is no role"),
        (with_host("db", roles=["guacd"]), "$.hosts.db.roles: 'guacd' is no role"),
        (with_host("db", roles=["broker:1"]), "$.hosts.db.roles: 'broker:1' is no role"),
        (with_host("db", names=["10.3.0.30"]), "$.hosts.db.names: '10.3.0.30' is no name of a host"),
        (with_host("db", names=["ldap"]), "$.hosts.db.names: ldap is the id of another host"),
        (with_host("db", id="internet"), "$.hosts.internet: stands for the Internet"),
        (with_host("db", id="ldap"), "$.hosts.ldap: is there twice"),
        (with_host("gw-sim", roles=["gateway:gw-9"]), "$.hosts.gw-sim.roles: gateway:gw-9: there is no such gateway"),
        (with_host("vdi-1", roles=["agent:a9"]), "$.hosts.vdi-1.roles: agent:a9: there is no such agent"),
        (with_host("ldap", roles=["directory:x"]), "$.hosts.ldap.roles: directory:x: there is no such tenant"),
        (with_host("guacd-r", roles=["guacd:x"]), "$.hosts.guacd-r.roles: guacd:x: there is no such zone"),
        (
            with_host("guacd-r", zone="lgwan"),
            "$.hosts.guacd-r.roles: guacd:resident: the host stands in the zone lgwan",
        ),
        (with_host("desk-r", roles=["desktops:x"]), "$.hosts.desk-r.roles: desktops:x: there is no such pool"),
        (
            with_host("desk-r", zone="lgwan"),
            "desktops:residents: the host stands in the zone lgwan, the pool in resident",
        ),
        (lambda raw: raw.pop("database"), "$.hosts.db.roles: database: [database] names no PostgreSQL"),
    ],
)
def test_hosts_that_cannot_be(change: Change, said: str) -> None:
    assert any(said in line for line in refusals(change)), refusals(change)


@pytest.mark.parametrize(
    "change, said",
    [
        (
            without_host("guacd-r"),
            "$.wire.gateways.gw-lan.zones: it serves resident, but no host has the role guacd:resident",
        ),
        (without_host("gw-sim"), "$.wire.gateways.gw-sim: no host has the role gateway:gw-sim"),
        (without_host("sim-proxy"), "$.client_networks.closed_sim: no host has the role entrance:closed_sim"),
        (without_host("sim-proxy"), "$.wire.gateways.gw-sim.entrance: no host has the role entrance:closed_sim"),
        (without_host("db"), "$.database.url: db.hinode.example is unknown"),
        (without_host("ldap"), "$.tenants.hinode.directory.url: ldap.hinode.example is unknown"),
        (without_host("rds-1"), "$.tenants.hinode.pools.office-pcs.desktops.rds-1.host: rds-1 is unknown"),
        (without_host("vdi-1"), "$.tenants.hinode.pools.shared.provider: its desktops are local"),
        (
            with_host("ldap", roles=["other"]),
            "$.tenants.hinode.directory.url: ldap.hinode.example is host ldap, which lacks",
        ),
        (
            with_host("db", roles=["directory:hinode"]),
            "$.hosts.db.roles: directory:hinode: no URL of the directory names this host",
        ),
        (with_host("db", roles=["gateway:gw-sim"]), "gw-sim and db both have the role gateway:gw-sim"),
        (with_host("db", roles=["guacd:lgwan", "database"]), ""),
        (without_wire, "$.wire.host: gw-lan, gw-sim, vdi-1 dial the broker from other hosts"),
        (lambda raw: raw["wire"].update(host="127.0.0.1"), "$.wire.host: gw-lan, gw-sim, vdi-1 dial the broker"),
        (
            lambda raw: raw["entrance_listener"].update(host="::1"),
            "$.entrance_listener.host: lan-proxy, sim-proxy",
        ),
        (with_host("broker-1", roles=["broker", "entrance:portal"]), "entrance:portal: portal.host is empty"),
        (at_its_own_portal, "$.portal.host: people on other machines can't reach 127.0.0.1"),
        (with_host("db", roles=["database", "entrance:portal"]), "and the host lacks the role broker"),
        (with_host("sim-proxy", roles=["entrance:x"]), "entrance:x: there is no such entrance in [[entrances]]"),
        (with_proxy(brokers=["10.3.0.30:8403"]), "proxy.brokers: 10.3.0.30:8403 is the entrance listener of no host"),
        (with_proxy(brokers=["10.3.0.20:8402"]), "proxy.brokers: 10.3.0.20:8402 is the entrance listener of no host"),
        (with_proxy(gateways={"gw-sim": "10.3.0.11:8401"}), "gw-sim: 10.3.0.11:8401 is the tunnel port of no host"),
        (with_ranges("10.9.0.0/17"), "the entrance has 10.9.128.0/18 among its sources, which these ranges do not"),
        (lambda raw: raw["hosts"].pop(4) and raw["hosts"].pop(4), "$.hosts: no host has the role broker"),
        (lambda raw: raw["client_networks"].pop(), "entrance:office: no [[client_networks]] say who comes in there"),
        (lambda raw: raw["wire"]["gateways"][0].update(entrance="office"), "entrance:closed_sim: no gateway takes"),
        (lambda raw: raw["wire"]["gateways"][1].update(zones=["lgwan"]), "guacd:resident: no gateway serves that zone"),
        (with_url_in_a_file, "$.database.url_file: no host has the role database"),
        (with_host("guacd-r", addresses=["fd00:4::5"]), "guacd-r and desk-r have no addresses of the same IP version"),
    ],
)
def test_a_role_whose_other_end_is_missing(change: Change, said: str) -> None:
    found = refusals(change)
    assert any(said in line for line in found) if said else found == [], found


@pytest.mark.parametrize(
    "change, said",
    [
        (with_ranges("0.0.0.0/0"), "$.client_networks.closed_sim.ranges: 0.0.0.0/0 contains every address"),
        (with_ranges("::/0"), "$.client_networks.closed_sim.ranges: ::/0 contains every address"),
        (with_ranges("10.9.0.1/16"), "$.client_networks.closed_sim.ranges: '10.9.0.1/16' is not a range"),
        (
            with_ranges("10.9.0.0/17", "10.9.4.0/24"),
            "$.client_networks.closed_sim.ranges: 10.9.4.0/24 overlaps 10.9.0.0/17",
        ),
        (with_ranges("10.1.2.0/24"), "$.client_networks.office.ranges: 10.1.0.0/16 overlaps 10.1.2.0/24"),
        (with_ranges("10.3.0.0/25"), "ranges: 10.3.0.0/25 contains 10.3.0.11 of host gw-lan: clients are no hosts"),
        (with_ranges(), "$.client_networks.closed_sim: needs either ranges or anywhere = true"),
        (lambda raw: raw["client_networks"][0].update(anywhere=True), "closed_sim: needs either ranges or anywhere"),
        (
            lambda raw: raw["client_networks"][1].update(entrance="closed_sim"),
            "$.client_networks.closed_sim: is there twice",
        ),
        (with_further(id="ntp"), "$.further_flows.ntp: is there twice"),
        (with_further(sources=[]), "$.further_flows.move.sources: is empty"),
        (with_further(sources=["mars"]), "$.further_flows.move.sources: 'mars' is no host, no role that a host has"),
        (
            with_further(sources=["2001:db8::1%x accept; tcp dport 1-65535 accept; ip6 saddr ::1"]),
            "$.further_flows.move.sources: '2001:db8::1%x accept;",
        ),
        (with_further(targets=["0.0.0.0/0"]), "$.further_flows.move.targets: 0.0.0.0/0 contains every address"),
        (with_further(sources=["10.5.0.0/16"]), "$.further_flows.move: neither end is one of the [[hosts]]"),
        (
            with_further(targets=["fd00:53::1"]),
            "$.further_flows.move: its ends have no addresses of the same IP version",
        ),
        (with_further(reason="a\nb"), "$.further_flows.move.reason: holds control characters"),
    ],
)
def test_networks_that_cannot_be(change: Change, said: str) -> None:
    assert any(said in line for line in refusals(change)), refusals(change)


def test_the_internet_is_anywhere_and_says_so() -> None:
    assert refusals(lambda raw: raw["client_networks"][0].update(anywhere=True, ranges=[])) == []
