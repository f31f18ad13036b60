"""The packet filters against the settings: `sekisho flows check` on the hosts themselves names what is amiss."""

import asyncio
import json
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Final

import pytest

from broker.settings import load_settings
from sekisho.flows.check import check_host
from sekisho.flows.records import Report
from tests.separation.ledger import IS_FULL, Ledger
from tests.zones import namespaces
from tests.zones.city import City
from tests.zones.map import HOSTS, ROUTER, Kind, Path, of_kind, permitted
from tests.zones.probing import Answer, try_paths
from tests.zones.rules import Rulesets

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

INSIDE = [host.id for host in HOSTS if host.kind is not Kind.CLIENT]
SOME = ["broker", "gateway-home", "guacd-resident", "desktop-resident-1", ROUTER]


def check(city: City, host: str, count: int = 60) -> Report:
    """What `sekisho flows check` finds on that host."""
    settings = load_settings(city.settings)
    today = datetime.now(UTC).date()
    work = partial(check_host, settings, host, today, count=count, seed=1, timeout_s=0.6)
    return namespaces.in_namespace(host, lambda: asyncio.run(work()))


def check_all(city: City, hosts: Iterable[str]) -> dict[str, Report]:
    return {host: check(city, host) for host in hosts}


def nft(host: str, *words: str) -> str:
    done = subprocess.run(
        [*namespaces.prefix(host), "nft", *words], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout


def remove_rule(host: str, chain: str, flow: str) -> None:
    """By hand, as somebody would who has forgotten what it was for."""
    lines = nft(host, "-a", "list", "chain", "inet", "sekisho", chain).splitlines()
    handles = [line.rpartition("handle ")[2] for line in lines if f'"{flow}"' in line]
    assert len(handles) == 1, (flow, lines)
    nft(host, "delete", "rule", "inet", "sekisho", chain, "handle", handles[0])


def said(report: Report) -> set[tuple[str, str]]:
    return {(finding.kind.value, finding.subject) for finding in report.findings}


def test_every_host_is_in_order(city: City, rules: Rulesets, ledger: Ledger) -> None:
    """Each listed flow is open from its own host, a sample of unlisted ones is shut, and no filter has drifted."""
    reports = check_all(city, INSIDE if IS_FULL else SOME)
    finds = [f"{host}: {kind} {subject}" for host, report in reports.items() for kind, subject in said(report)]
    tried = sum(report.flows + report.unlisted for report in reports.values())
    ledger.record("zones", "flows_check", paths=tried, finds=finds, hosts=len(reports))
    assert not finds


FLOWS: Final = [
    ("gateway-guacd/gateway-home/guacd-lgwan/tcp-4822", Path("gateway-home", "guacd-lgwan", 4822)),
    ("entrance-broker/entrance-sim/broker/tcp-8403", Path("entrance-sim", "broker", 8403)),
    ("entrance-gateway/entrance-office/gateway-office/tcp-8401", Path("entrance-office", "gateway-office", 8401)),
    ("gateway-broker/gateway-office/broker/tcp-8402", Path("gateway-office", "broker", 8402)),
    ("guacd-desktop/guacd-resident/desktop-resident-2/tcp-5900", Path("guacd-resident", "desktop-resident-2", 5900)),
    ("broker-directory/broker/directory/tcp-636", Path("broker", "directory", 636)),
    ("broker-database/broker/database/tcp-5432", Path("broker", "database", 5432)),
    ("broker-desktop/broker/desktop-lgwan-1/tcp-5900", Path("broker", "desktop-lgwan-1", 5900)),
]


@pytest.mark.parametrize("flow, path", FLOWS if IS_FULL else FLOWS[:1])
def test_a_rule_removed_shuts_its_flow_and_is_named(
    city: City, rules: Rulesets, ledger: Ledger, flow: str, path: Path
) -> None:
    assert path in permitted()
    before = try_paths([path])[path]
    remove_rule(path.target, "input", flow)

    assert try_paths([path])[path] is Answer.SHUT
    reports = check_all(city, [path.source, path.target])
    assert said(reports[path.source]) == {("flow_closed", flow)}
    assert ("rule_missing", flow) in said(reports[path.target])
    rules.load(path.target)
    assert try_paths([path])[path] is before is Answer.OPEN
    ledger.record("zones", f"rule_removed: {flow}", paths=1, finds=[])


def test_a_rule_added_by_hand_is_reported(city: City, rules: Rulesets, ledger: Ledger) -> None:
    """On the desktop and on the router, so that the way is really open; the gateway's host finds it open too."""
    hole = ("ip", "saddr", "10.10.0.10", "ip", "daddr", "10.20.1.101", "tcp", "dport", "22", "accept")
    for host, chain in (("desktop-resident-1", "input"), (ROUTER, "forward"), ("broker", "output")):
        nft(host, "insert", "rule", "inet", "sekisho", chain, *hole)
    path = Path("broker", "desktop-resident-1", 22)
    assert try_paths([path])[path] is Answer.REFUSED

    reports = check_all(city, ["desktop-resident-1", ROUTER])
    assert said(reports["desktop-resident-1"]) == {("rule_added", "chain input")}
    assert said(reports[ROUTER]) == {("rule_added", "chain forward")}
    rules.load_all()
    assert try_paths([path])[path] is Answer.SHUT
    ledger.record("zones", "rule_added", paths=2, finds=[])


def test_the_command_says_it_on_the_host_itself(city: City, rules: Rulesets) -> None:
    """As an operator types it: exit status and words."""
    arguments = ("flows", "check", "--host", "guacd-lgwan", "--count", "5", "--timeout", "0.6")
    done = city.sekisho(*arguments, host="guacd-lgwan")
    assert done.stdout.splitlines()[-1] == "in order"

    remove_rule("guacd-lgwan", "output", "guacd-desktop/guacd-lgwan/desktop-lgwan-1/tcp-5900")
    done = city.sekisho(*arguments, "--format", "json", host="guacd-lgwan", check=False)
    assert done.returncode == 1
    assert {finding["kind"] for finding in json.loads(done.stdout)["findings"]} == {"flow_closed", "rule_missing"}


def test_a_filter_that_was_switched_off_is_reported(city: City, rules: Rulesets) -> None:
    host = of_kind(Kind.GUACD)[0].id
    nft(host, "flush", "ruleset")
    kinds = {kind for kind, _ in said(check(city, host, count=0))}
    assert "not_loaded" in kinds
