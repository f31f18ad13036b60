"""Where a name may lead to."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.egress.addresses import may_reach, parse_networks

PUBLIC = ["203.0.114.9", "8.8.8.8", "2400:8902::1", "2606:4700::1111", "64:ff9b::8.8.8.8"]
CLOSED = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "192.0.0.8",
    "::", "::1", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:0a00:0001::1", "2002:7f00:0001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert may_reach(ip_address(address), (), ())


@pytest.mark.parametrize("address", CLOSED)
def test_private_and_special_ones_are_not(address: str) -> None:
    assert not may_reach(ip_address(address), (), ())


def test_the_sites_own_ranges_are_closed_even_if_they_are_opened_too() -> None:
    own = parse_networks(["203.0.114.0/24", "2400:8902::/32"])
    for address in ("203.0.114.9", "2400:8902::1", "::ffff:203.0.114.9", "64:ff9b::203.0.114.9"):
        assert not may_reach(ip_address(address), own, own)


def test_an_opened_range_opens_that_range_alone() -> None:
    opened = parse_networks(["10.20.0.0/16"])
    assert may_reach(ip_address("10.20.3.4"), opened, ())
    assert may_reach(ip_address("::ffff:10.20.3.4"), opened, ())
    assert not may_reach(ip_address("10.21.3.4"), opened, ())


@given(st.ip_addresses(network="10.0.0.0/8"), st.sampled_from(["::ffff:0:0", "64:ff9b::", "2002::"]))
def test_no_wrapping_opens_a_private_address(private: IPv4Address, wrapping: str) -> None:
    shift = 80 if wrapping == "2002::" else 0
    wrapped = IPv6Address(int(IPv6Address(wrapping)) | int(private) << shift)
    assert not may_reach(wrapped, (), ())


def test_what_is_no_network_is_named() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        parse_networks(["10.0.0.1/8"])
