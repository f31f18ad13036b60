"""The site's settings name every connection that it needs, and nothing else is derived from them."""

from datetime import date
from ipaddress import ip_address, ip_network

import msgspec

from broker.flow import Flow, derive
from broker.flow.reasons import WHY
from broker.flow.records import FlowKind
from tests.broker.flow.site import document, host, settings_of

TODAY = date(2026, 11, 22)


def flows_of(raw: dict[str, object]) -> dict[str, Flow]:
    return {flow.id: flow for flow in derive(settings_of(raw), TODAY)}


def starting(flows: dict[str, Flow], word: str) -> set[str]:
    return {flow_id for flow_id in flows if flow_id.startswith(word)}


def without_further(raw: dict[str, object]) -> dict[str, object]:
    return raw | {"further_flows": []}


def test_the_whole_list_of_a_site() -> None:
    assert set(flows_of(without_further(document()))) == {
        "client-entrance/clients:closed_sim/sim-proxy/tcp-443",
        "client-entrance/clients:office/lan-proxy/tcp-8443",
        *(f"entrance-broker/{proxy}/{broker}/tcp-8403" for proxy in ("lan-proxy", "sim-proxy") for broker in BROKERS),
        "entrance-gateway/lan-proxy/gw-lan/tcp-9401",
        "entrance-gateway/sim-proxy/gw-sim/tcp-8401",
        *(f"gateway-broker/{gateway}/{broker}/tcp-8402" for gateway in ("gw-lan", "gw-sim") for broker in BROKERS),
        "gateway-guacd/gw-lan/guacd-r/tcp-4822",
        "gateway-guacd/gw-lan/vdi-1/tcp-4822",
        "gateway-guacd/gw-sim/vdi-1/tcp-4822",
        "guacd-desktop/guacd-r/desk-r/tcp-5901",
        "guacd-desktop/vdi-1/desktops:hinode/office-pcs/tcp-3389",
        "guacd-desktop/vdi-1/rds-1/tcp-3389",
        *(f"agent-broker/vdi-1/{broker}/tcp-8402" for broker in BROKERS),
        *(f"broker-directory/{broker}/ldap/tcp-389" for broker in BROKERS),
        *(f"broker-database/{broker}/db/tcp-5433" for broker in BROKERS),
        *(f"broker-desktop/{broker}/rds-1/tcp-3389" for broker in BROKERS),
        *(f"broker-desktop/{broker}/desktops:hinode/office-pcs/tcp-3389" for broker in BROKERS),
    }


BROKERS = ("broker-1", "broker-2")


def test_a_gateway_reaches_guacd_of_its_own_zones_alone() -> None:
    raw = document()
    raw["wire"]["gateways"][1]["zones"] = ["resident"]
    assert starting(flows_of(raw), "gateway-guacd/gw-lan/") == {"gateway-guacd/gw-lan/guacd-r/tcp-4822"}


def test_the_resident_zone_opens_nothing_to_anybody() -> None:
    flows = flows_of(without_further(document())).values()
    assert [flow.id for flow in flows if flow.source.zone == "resident" and flow.target.zone != "resident"] == []


def test_what_stays_on_a_host_is_no_flow() -> None:
    raw = without_further(document())
    host(raw, "vdi-1")["roles"] += ["gateway:gw-lan", "broker"]
    host(raw, "gw-lan")["roles"] = ["other"]
    assert [flow_id for flow_id in flows_of(raw) if flow_id.count("/vdi-1/") > 1] == []
    assert "gateway-broker/vdi-1/broker-1/tcp-8402" in flows_of(raw)


def test_an_entrance_leads_to_its_own_gateways_alone() -> None:
    raw = document()
    raw["wire"]["gateways"][0]["entrance"] = "office"
    raw["hosts"].remove(host(raw, "sim-proxy"))
    assert starting(flows_of(raw), "entrance-gateway/") == {
        "entrance-gateway/lan-proxy/gw-lan/tcp-9401",
        "entrance-gateway/lan-proxy/gw-sim/tcp-8401",
    }


def test_a_site_without_proxies_is_reached_at_the_broker_and_its_gateways() -> None:
    raw = document() | {"portal": {"host": "::", "port": 8400}, "entrances": [], "entrance_listener": {}}
    raw["hosts"] = [one for one in raw["hosts"] if "proxy" not in one["id"]]
    host(raw, "broker-1")["roles"].append("entrance:portal")
    raw["client_networks"] = [{"entrance": "portal", "ranges": ["10.1.0.0/16"]}]
    raw["wire"]["gateways"][0]["entrance"] = "portal"
    flows = flows_of(raw)
    assert starting(flows, "client-") == {
        "client-entrance/clients:portal/broker-1/tcp-8400",
        "client-gateway/clients:portal/gw-sim/tcp-8401",
    }
    assert starting(flows, "entrance-") == set()


def test_registered_desktops_are_looked_at_by_the_broker_and_others_are_not() -> None:
    raw = document()
    raw["tenants"][0]["pools"][2]["desktops"] = []
    flows = flows_of(raw)
    assert starting(flows, "broker-desktop/") == set()
    assert "guacd-desktop/vdi-1/rds-1/tcp-3389" in flows


def test_every_server_of_a_directory_is_listed() -> None:
    raw = document()
    raw["tenants"][0]["directory"]["further_urls"] = ["ldaps://10.3.0.32", "ldaps://ldap-2:3269", "ldap://localhost"]
    raw["hosts"].append({"id": "ldap-2", "addresses": ["10.3.0.33"], "roles": ["directory:hinode"]})
    assert starting(flows_of(raw), "broker-directory/broker-1/") == {
        "broker-directory/broker-1/ldap/tcp-389",
        "broker-directory/broker-1/directory:hinode/10.3.0.32/tcp-636",
        "broker-directory/broker-1/ldap-2/tcp-3269",
    }


def test_desktops_of_this_machine_need_no_flow() -> None:
    raw = document()
    raw["tenants"][0]["pools"][2]["desktops"] = [{"name": "here", "host": "127.0.0.1", "port": 3390}]
    assert [flow for flow in flows_of(raw).values() if flow.port == 3390] == []


def test_a_flow_of_a_tenant_is_told_from_one_of_the_site() -> None:
    flows = flows_of(document())
    assert flows["broker-directory/broker-1/ldap/tcp-389"].tenants == {"hinode"}
    assert flows["gateway-guacd/gw-lan/guacd-r/tcp-4822"].tenants == frozenset()


def test_a_connection_that_two_settings_need_is_one_flow_with_both() -> None:
    raw = document()
    raw["further_flows"][1] |= {"sources": ["broker-1"], "targets": ["db"], "port": 5433}
    flow = flows_of(raw)["broker-database/broker-1/db/tcp-5433"]
    assert flow.settings == ("database", "further_flows.move")
    assert flow.why_ja.endswith("、データ移行")
    assert flow.ends_on is None
    assert starting(flows_of(raw), "further:move/") == set()


def test_a_further_flow_ends_after_its_last_day() -> None:
    settings = settings_of(document())
    on_last_day, after = derive(settings, date(2026, 12, 31)), derive(settings, date(2027, 1, 1))
    assert {flow.id for flow in on_last_day} - {flow.id for flow in after} == {"further:move/db/10.3.0.99/tcp-22"}


def test_the_words_of_a_further_flow() -> None:
    raw = document()
    raw["further_flows"] = [
        {
            "id": "ssh",
            "sources": ["10.3.9.0/24"],
            "targets": ["gateway", "LDAP.hinode.example"],
            "port": 22,
            "reason": "x",
        }
    ]
    assert {
        (flow.source.name, flow.target.name) for flow in flows_of(raw).values() if flow.kind is FlowKind.FURTHER
    } == {
        ("10.3.9.0/24", "gw-lan"),
        ("10.3.9.0/24", "gw-sim"),
        ("10.3.9.0/24", "ldap"),
    }


def test_every_host_means_every_host_that_can() -> None:
    raw = document()
    raw["further_flows"][0]["targets"] = ["fd00:53::1"]
    assert {flow.source.name for flow in flows_of(raw).values() if flow.port == 123} == {
        "broker-1",
        "gw-lan",
        "lan-proxy",
    }


def test_the_internet_is_none_of_the_sites_own_addresses() -> None:
    raw = document()
    host(raw, "vdi-1")["addresses"].append("1.2.3.4")
    raw["further_flows"] = [{"id": "web", "sources": ["vdi-1"], "targets": ["internet"], "port": 443, "reason": "閲覧"}]
    (flow,) = (flow for flow in flows_of(raw).values() if flow.kind is FlowKind.FURTHER)
    outside = [ip_network(text) for text in flow.target.addresses]
    own = [address for one in raw["hosts"] for address in one["addresses"]]
    for address in (*own, "10.1.2.3", "127.0.0.1", "192.168.1.1", "224.0.0.1", "fd00::1", "fe80::1", "::1", "ff02::1"):
        assert not any(ip_address(address) in network for network in outside), address
    for address in ("1.2.3.5", "8.8.8.8", "223.255.255.254", "2400::1"):
        assert any(ip_address(address) in network for network in outside), address


def test_the_order_of_settings_changes_nothing() -> None:
    raw = document()
    turned = document()
    for key in ("hosts", "client_networks", "further_flows"):
        turned[key].reverse()
    turned["wire"]["gateways"].reverse()
    turned["tenants"][0]["pools"].reverse()
    turned["tenants"][0]["pools"][0]["desktops"].reverse()
    assert msgspec.json.encode(list(flows_of(raw).values())) == msgspec.json.encode(list(flows_of(turned).values()))


def test_every_kind_says_why_in_both_languages() -> None:
    assert set(WHY) == set(FlowKind) - {FlowKind.FURTHER}
    assert all(ja and en for ja, en in WHY.values())
