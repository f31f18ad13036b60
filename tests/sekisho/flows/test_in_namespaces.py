"""An operator loads the derived rules on real hosts, and the check tells what is not as the settings have it."""

from collections.abc import Iterator

import pytest

from sekisho.flows.records import Report
from tests.sekisho.flows.network import Network, running

pytestmark = pytest.mark.real
GUACD = "gateway-guacd/front/back/tcp-4822"
WIRE = "gateway-broker/front/core/tcp-8402"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with running(tmp_path_factory.mktemp("flows")) as network:
        yield network


@pytest.fixture
def network(built: Network) -> Network:
    built.restore()
    return built


def found_in(report: Report) -> list[tuple[str, str]]:
    return [(finding.kind.value, finding.subject) for finding in report.findings]


def delete_rules(network: Network, host: str, chain: str, flow_id: str) -> None:
    """Both of a flow: IPv4 and IPv6."""
    for _version in (4, 6):
        handle = network.rule_handle(host, chain, flow_id)
        network.must(host, "nft", "delete", "rule", "inet", "sekisho", chain, "handle", handle)


@pytest.mark.parametrize("host, flows", [("front", 3), ("core", 1), ("back", 0), ("fw", 0)])
def test_a_site_with_the_derived_rules_is_in_order(network: Network, host: str, flows: int) -> None:
    report = network.check(host, 60)
    assert found_in(report) == []
    assert report.flows == report.flows_open == flows
    assert report.unlisted_answers == {"filtered": 60}
    assert report.not_probed == (("further:ntp/core/back/udp-123",) if host == "core" else ())


def test_rules_are_loaded_once_or_twice_and_checked_before(network: Network) -> None:
    ruleset = network.ruleset("core")
    network.must("core", "nft", "-c", "-f", "-", given=ruleset)
    network.must("core", "nft", "-f", "-", given=ruleset)
    once = network.must("core", "nft", "-s", "list", "ruleset")
    network.must("core", "nft", "-f", "-", given=ruleset)
    assert network.must("core", "nft", "-s", "list", "ruleset") == once


def test_both_ip_versions_pass_where_they_are_listed(network: Network) -> None:
    for address in ("10.77.2.2", "fd77:2::2"):
        assert network.dials("front", address, 8402)
        assert not network.dials("front", address, 22)


def test_a_removed_rule_fails_its_flow_and_is_named(network: Network) -> None:
    delete_rules(network, "back", "input", GUACD)
    report = network.check("front", 0)
    assert found_in(report) == [("flow_closed", GUACD)] * 2
    assert all("filtered" in finding.what for finding in report.findings)
    assert report.flows_open == 2
    report = network.check("back", 0)
    assert found_in(report) == [("rule_missing", GUACD)] * 2
    assert "sekisho flows nft --host back | nft -f -" in report.findings[0].remedy


def test_a_rule_that_is_missing_on_the_router_shuts_the_flow_too(network: Network) -> None:
    delete_rules(network, "fw", "forward", WIRE)
    assert found_in(network.check("front", 0)) == [("flow_closed", WIRE)] * 2
    assert found_in(network.check("fw", 0)) == [("rule_missing", WIRE)] * 2


def test_a_rule_added_by_hand_is_drift(network: Network) -> None:
    network.must("core", "nft", "insert", "rule", "inet", "sekisho", "input", "tcp", "dport", "22", "accept")
    report = network.check("core", 0)
    assert found_in(report) == [("rule_added", "chain input")]
    network.must("core", *report.findings[0].remedy.partition("or: ")[2].split())
    assert found_in(network.check("core", 0)) == []


def test_what_is_let_through_beside_the_list_is_found(network: Network) -> None:
    for host, chain in (("front", "output"), ("fw", "forward"), ("core", "input")):
        network.must(host, "nft", "insert", "rule", "inet", "sekisho", chain, "tcp", "dport", "{22, 25}", "accept")
    reachable = {one.subject: one for one in network.check("front", 10_000).findings if one.kind == "reachable"}
    assert set(reachable) == {"10.77.2.2:22", "10.77.2.2:25", "[fd77:2::2]:22", "[fd77:2::2]:25"}
    assert reachable["10.77.2.2:22"].what == "not listed, but open"
    assert "a reset came back: the way is open" in reachable["[fd77:2::2]:25"].what
    assert "on core and on the routers between" in reachable["10.77.2.2:22"].remedy


def test_a_service_that_is_down_is_told_from_a_filter(network: Network) -> None:
    network.start("back", 389)
    report = network.check("front", 0)
    assert found_in(report) == [("flow_closed", GUACD)] * 2
    assert all("the way is open, but nothing listens there" in finding.what for finding in report.findings)
    assert report.findings[0].remedy.startswith("start the service on back")


@pytest.mark.parametrize(
    "reject, said", [("reject", "rejects it (ICMP)"), ("reject with tcp reset", "nothing listens")]
)
def test_a_filter_that_answers_is_told_by_how_it_answers(network: Network, reject: str, said: str) -> None:
    network.must("back", "nft", "insert", "rule", "inet", "sekisho", "input", "tcp", "dport", "4822", *reject.split())
    report = network.check("front", 0)
    assert found_in(report) == [("flow_closed", GUACD)] * 2
    assert all(said in finding.what for finding in report.findings)


@pytest.mark.parametrize(
    "command, found",
    [
        ("add chain inet sekisho input { policy accept; }", ("chain_changed", "chain input")),
        ("add table inet sekisho { flags dormant; }", ("dormant", "inet sekisho")),
        ("delete table inet sekisho", ("not_loaded", "inet sekisho")),
        ("flush chain inet sekisho forward; delete chain inet sekisho forward", ("chain_missing", "chain forward")),
        ("add chain inet sekisho more", ("object_added", "chain more")),
        ("add set inet sekisho friends { type ipv4_addr; }", ("object_added", "set friends")),
        (
            "add table ip nat; add chain ip nat pre { type nat hook prerouting priority -100; }",
            ("other_table", "ip nat"),
        ),
    ],
)
def test_other_drift_is_named(network: Network, command: str, found: tuple[str, str]) -> None:
    network.must("core", "nft", command)
    assert found in found_in(network.check("core", 0))


def test_rules_in_another_order_are_drift(network: Network) -> None:
    listing = network.must("core", "nft", "-s", "list", "table", "inet", "sekisho").splitlines()
    first, second = (index for index, line in enumerate(listing) if "dport 8402" in line)
    listing[first], listing[second] = listing[second], listing[first]
    network.must("core", "nft", "-f", "-", given="\n".join(["flush ruleset", *listing]))
    assert found_in(network.check("core", 0)) == [("order_changed", "chain input")]


def test_a_sample_is_the_same_for_the_same_seed(network: Network) -> None:
    network.must("front", "nft", "flush", "ruleset")
    first, again = (network.check("front", 20) for _time in (1, 2))
    assert first == again
    assert first.unlisted == 20


def test_what_can_not_be_checked_is_no_verdict(network: Network) -> None:
    done = network.sekisho("core", "check", "--host", "front")
    assert (done.returncode, done.stdout) == (2, "")
    assert "this machine has no address of front" in done.stderr
    unprivileged = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    done = network.run("core", *unprivileged, *network.line("check", "--host", "core"))
    assert done.returncode == 2
    assert "run as root" in done.stderr


def test_the_report_reads_well(network: Network) -> None:
    done = network.sekisho("front", "check", "--host", "front", "--count", "3", "--seed", "1", "--timeout", "0.4")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines() == [
        "front: 3 of 3 listed flows open",
        "  3 unlisted paths tried: 3 filtered (--seed 1)",
        "in order",
    ]
    network.stop("core")
    done = network.sekisho("front", "check", "--host", "front", "--count", "0", "--timeout", "0.4")
    assert done.returncode == 1
    assert f"FLOW_CLOSED {WIRE}: 10.77.2.2:8402: the way is open, but nothing listens" in done.stdout
    assert "  → start the service on core" in done.stdout
