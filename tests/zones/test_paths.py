"""Who reaches whom by address: exactly the permitted flows, whichever layer is asked, and whoever turned hostile."""

from collections import Counter
from collections.abc import Iterable, Set
from typing import Final

import pytest

from tests.separation.ledger import IS_FULL, Ledger
from tests.zones.map import BY_ID, HOSTS, INTERESTING_PORTS, RESIDENT, ROUTER, Kind, Path, of_kind, permitted
from tests.zones.namespaces import load_rules
from tests.zones.network import open_everything
from tests.zones.probing import reached, try_paths
from tests.zones.rules import Rulesets

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

_MORE_TCP: Final = (*INTERESTING_PORTS, 5901, 49152) if IS_FULL else (22,)
_UDP: Final = (53, 389, 4822) if IS_FULL else (53,)


def paths_from(sources: Iterable[str]) -> list[Path]:
    """To every other host: where it listens; in the full run also where it may not listen, and by datagrams."""
    found: list[Path] = []
    for source in sources:
        for target in HOSTS:
            if target.id != source:
                ports = dict.fromkeys((*target.ports, *_MORE_TCP))
                found += [Path(source, target.id, port) for port in ports]
                found += [Path(source, target.id, port, is_udp=True) for port in _UDP]
    return found


EVERYBODY = [host.id for host in HOSTS]
INSIDE = [host.id for host in HOSTS if host.kind not in {Kind.CLIENT, Kind.ROUTER}]
ONE_OF_EACH = [of_kind(kind)[-1].id for kind in Kind if kind not in {Kind.CLIENT, Kind.ROUTER}]


def judge(ledger: Ledger, proof: str, tried: Iterable[Path], met: Set[Path]) -> None:
    """Nothing but what is permitted was met, and everything that is permitted was."""
    tried = set(tried)
    finds = sorted(f"{path} is open and not permitted" for path in met - permitted())
    missing = sorted(f"{path} is permitted and shut" for path in (permitted() & tried) - met)
    by_kind = Counter(f"from_{BY_ID[path.source].kind}" for path in tried)
    ledger.record("zones", proof, paths=len(tried), finds=finds + missing, accepted=None, open=len(met), **by_kind)
    assert not finds
    assert not missing


def test_without_rules_everything_would_be_met(rules: Rulesets) -> None:
    """That it bites: with no packet filter every one of these paths reaches its target, also where nothing listens."""
    open_everything()
    left = set(paths_from(EVERYBODY))
    for _ in range(5):  # a desktop takes five callers at a time; the others knock again
        left -= reached(try_paths(left))
    assert sorted(map(str, left)) == []


def test_only_permitted_flows_are_open(rules: Rulesets, ledger: Ledger) -> None:
    paths = paths_from(EVERYBODY)
    judge(ledger, "hosts_and_router", paths, reached(try_paths(paths)))


def test_the_hosts_rules_hold_without_a_router(rules: Rulesets, ledger: Ledger) -> None:
    """A flat network: whatever stands in the middle lets everything through. (Clients are nobody's to filter.)"""
    load_rules(ROUTER, "")
    paths = [path for path in paths_from(EVERYBODY) if path.target in INSIDE]
    judge(ledger, "hosts_alone", paths, reached(try_paths(paths)))


def test_the_routers_rules_hold_without_the_hosts(rules: Rulesets, ledger: Ledger) -> None:
    for host in INSIDE:
        load_rules(host, "")
    paths = paths_from(EVERYBODY)
    judge(ledger, "router_alone", paths, reached(try_paths(paths)))


@pytest.mark.parametrize("layer", ["router", "the_others"])
def test_a_host_that_was_taken_over_wins_no_path(rules: Rulesets, ledger: Ledger, layer: str) -> None:
    """Its intruder removes its packet filter. What still holds: the router, or, where there is none, every other
    host's own."""
    paths = paths_from(INSIDE)
    if layer == "the_others":
        load_rules(ROUTER, "")
        paths = [path for path in paths if path.target in INSIDE]
    met: set[Path] = set()
    hosts = INSIDE if IS_FULL else ONE_OF_EACH
    paths = [path for path in paths if path.source in hosts]
    for host in hosts:
        load_rules(host, "")
        met |= reached(try_paths([path for path in paths if path.source == host]))
        rules.load(host)
    judge(ledger, f"taken_over_but_for_{layer}", paths, met)


def test_the_statements_of_the_threat_model_are_in_the_list() -> None:
    """The list of permitted flows, by which everything above is judged, says what the product promises."""
    kinds = {(BY_ID[path.source].kind, BY_ID[path.target].kind) for path in permitted()}
    assert {target for source, target in kinds if source is Kind.CLIENT} == {Kind.ENTRANCE}
    assert {target for source, target in kinds if source is Kind.ENTRANCE} == {Kind.BROKER, Kind.GATEWAY}
    assert {target for source, target in kinds if source is Kind.GATEWAY} == {Kind.BROKER, Kind.GUACD}
    assert {target for source, target in kinds if source is Kind.GUACD} == {Kind.DESKTOP}
    assert not {target for source, target in kinds if source in {Kind.DESKTOP, Kind.DIRECTORY, Kind.DATABASE}}
    assert all(
        BY_ID[path.source].group == BY_ID[path.target].group
        for path in permitted()
        if BY_ID[path.source].kind in {Kind.CLIENT, Kind.GUACD}
    )
    assert not [path for path in permitted() if BY_ID[path.source].group == RESIDENT != BY_ID[path.target].group]
