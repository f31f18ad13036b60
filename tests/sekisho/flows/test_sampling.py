"""What is tried from a host: its own flows, and never one of them in the sample of what has to be shut."""

from datetime import date
from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from broker.flow import derive
from sekisho.flows.sampling import listed_from, sample_unlisted
from tests.broker.flow.site import document, settings_of

SITE = settings_of(document())
FLOWS = derive(SITE, date(2026, 11, 22))
HOSTS = {host.id: host for host in SITE.hosts}


@limits(max_examples=60, deadline=None)
@given(host_id=st.sampled_from(sorted(HOSTS)), count=st.integers(0, 400), seed=st.integers(0, 2**31))
def test_a_sample_holds_nothing_that_is_permitted(host_id: str, count: int, seed: int) -> None:
    host = HOSTS[host_id]
    sample = sample_unlisted(host, SITE.hosts, FLOWS, count=count, seed=seed)
    assert sample == sample_unlisted(host, SITE.hosts, FLOWS, count=count, seed=seed)
    assert len(sample) == len(set(sample)) <= count
    own = [flow for flow in FLOWS if flow.source.host_id == host_id and flow.protocol == "tcp"]
    for address, port in sample:
        assert address not in host.addresses
        for flow in own:
            inside = any(ip_address(address) in ip_network(text) for text in flow.target.addresses)
            assert flow.port != port or not inside, (flow.id, address)


def test_everything_is_tried_when_there_is_room() -> None:
    """Each port of the site on each other machine, whether a host of the list or only an address in it."""
    host = HOSTS["gw-sim"]
    every = set(sample_unlisted(host, SITE.hosts, FLOWS, count=100_000, seed=1))
    ports = {port for _address, port in every}
    assert {22, 443, 389, 4822, 5433, 8402, 8403, 9401} <= ports
    assert {"10.3.7.20", "10.3.7.21"} <= {address for address, _port in every}
    assert ("10.3.0.20", 8402) not in every
    assert ("10.3.0.20", 8403) in every
    assert not any(":" in address for address, _port in every)  # it has no IPv6


def test_a_hosts_flows_are_tried_at_every_address_that_it_can_reach() -> None:
    listed, others = listed_from(HOSTS["broker-1"], FLOWS)
    tried = {one.flow.id: one for one in listed}
    pcs = tried["broker-desktop/broker-1/desktops:hinode/office-pcs/tcp-3389"]
    assert (pcs.targets, pcs.is_any) == ((("10.3.7.20", 3389), ("10.3.7.21", 3389)), False)
    assert tried["broker-directory/broker-1/ldap/tcp-389"].is_any
    assert others == ["further:ntp/broker-1/10.3.0.53/udp-123"]
    both = {one.flow.id: one for one in listed_from(HOSTS["gw-lan"], FLOWS)[0]}
    assert both["gateway-broker/gw-lan/broker-1/tcp-8402"].targets == (("10.3.0.20", 8402), ("fd00:3::20", 8402))
