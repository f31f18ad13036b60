"""The shipped baseline over its whole small domain, and the exceptions that loosen it."""

import itertools
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from broker.errors import ConfigurationError
from broker.model.grants import Grants
from broker.model.ids import PoolId, ZoneId
from broker.model.kinds import CertificateState, DeviceKind, Mode, Origin, Segment
from broker.model.place import Place
from broker.model.reasons import DenyReason
from broker.model.rules import GrantName, Hours, Restrictions, Waiver
from broker.policy.baseline_profile import parse_baseline, shipped_baseline
from broker.policy.decision import Allow, Decision, Deny
from broker.policy.opening import may_open
from broker.policy.rulebook import OpenRules
from tests.factories import AT_HOME, LGWAN, MORNING, RESIDENT, SHARED, a_pool, a_tenant, a_zone, open_facts, open_rules

replace = msgspec.structs.replace
TODAY = MORNING.date()
HOME = frozenset({Origin.INTERNET, Origin.CLOSED_SIM})


def rules_in(zone_id: ZoneId, **policy: Any) -> OpenRules:
    tenant = a_tenant()
    tenant = replace(tenant, rules=replace(tenant.rules, **policy))
    pool = replace(a_pool(), zone_id=zone_id, origins=frozenset(Origin))
    return open_rules(pool, tenant, a_zone(zone_id))


def ask(rules: OpenRules, place: Place, *, approved_until: date | None = None, mode: Mode = Mode.NORMAL) -> Decision:
    facts = open_facts()
    assert facts.principal is not None
    principal = replace(facts.principal, telework_until=approved_until)
    return may_open(replace(facts, place=place, principal=principal, mode=mode), rules)


def a_waiver(**changes: Any) -> Waiver:
    fields: dict[str, Any] = {
        "id": "flood-2026",
        "reason": "庁舎の浸水",
        "author": "s0001",
        "approver": "s0002",
        "ends_on": TODAY,
    }
    return Waiver(**(fields | changes))


PLACES = [
    Place(origin=origin, segment=segment, device=device, certificate=certificate)
    for origin, segment, device, certificate in itertools.product(Origin, Segment, DeviceKind, CertificateState)
]


@pytest.mark.parametrize("approved", [None, TODAY - timedelta(days=1), TODAY])
@pytest.mark.parametrize("zone_id", [LGWAN, RESIDENT, ZoneId("internet_zone"), ZoneId("water-works")])
def test_the_whole_domain_of_places_against_the_guideline_in_words(zone_id: ZoneId, approved: date | None) -> None:
    for place in PLACES:
        certified = {CertificateState.VALID}
        if place.origin is Origin.OFFICE:
            certified.add(CertificateState.ABSENT)
        expected = place.device is not DeviceKind.NONE and place.certificate in certified
        if zone_id in {RESIDENT, ZoneId("water-works")}:
            expected &= place.origin in {Origin.OFFICE, Origin.SATELLITE}
            expected &= place.segment is Segment.WIRED
            expected &= place.device is DeviceKind.MANAGED
        if zone_id == LGWAN and place.origin in HOME:
            expected &= approved is not None and approved >= TODAY
        decision = ask(rules_in(zone_id), place, approved_until=approved)
        assert isinstance(decision, Allow) == expected, (zone_id, place, approved)


def test_a_private_device_is_let_in_only_where_the_tenant_says_so() -> None:
    private = replace(AT_HOME, device=DeviceKind.BYOD)
    managed_only = Restrictions(devices=frozenset({DeviceKind.MANAGED}))
    refused = ask(rules_in(LGWAN, restrictions=managed_only), private, approved_until=TODAY)
    assert isinstance(refused, Deny)
    assert refused.reason is DenyReason.DEVICE_NOT_ALLOWED
    both = Restrictions(devices=frozenset({DeviceKind.MANAGED, DeviceKind.BYOD}))
    assert isinstance(ask(rules_in(LGWAN, restrictions=both), private, approved_until=TODAY), Allow)
    wired = Place(origin=Origin.OFFICE, segment=Segment.WIRED, device=DeviceKind.BYOD)
    assert isinstance(ask(rules_in(RESIDENT, restrictions=both), wired), Deny)


def test_an_exception_opens_what_it_names_until_its_last_day_and_no_longer() -> None:
    at_home = replace(AT_HOME, segment=Segment.UNKNOWN)
    waiver = a_waiver(
        zones=frozenset({RESIDENT}), origins=frozenset({Origin.INTERNET}), segments=frozenset({Segment.UNKNOWN})
    )
    rules = rules_in(RESIDENT, waivers=(waiver,))
    assert isinstance(ask(rules, at_home, approved_until=TODAY), Allow)
    assert isinstance(ask(rules, at_home), Deny), "the approval is still asked for"
    assert isinstance(ask(rules, replace(at_home, origin=Origin.CLOSED_SIM), approved_until=TODAY), Deny)
    over = rules_in(RESIDENT, waivers=(replace(waiver, ends_on=TODAY - timedelta(days=1)),))
    assert isinstance(ask(over, at_home, approved_until=TODAY), Deny)


@pytest.mark.parametrize(
    "changes",
    [
        {"approver": "s0001"},
        {"approver": ""},
        {"zones": frozenset({LGWAN})},
        {"pools": frozenset({PoolId("another")}), "zones": frozenset[ZoneId]()},
        {"groups": frozenset({"others"})},
        {"for_mode": Mode.BCP},
    ],
)
def test_an_exception_of_one_person_or_for_somebody_else_loosens_nothing(changes: dict[str, Any]) -> None:
    waiver = a_waiver(zones=frozenset({RESIDENT}), segments=frozenset({Segment.WIRELESS}))
    wireless = Place(origin=Origin.OFFICE, segment=Segment.WIRELESS, device=DeviceKind.MANAGED)
    assert isinstance(ask(rules_in(RESIDENT, waivers=(waiver,)), wireless), Allow)
    assert isinstance(ask(rules_in(RESIDENT, waivers=(replace(waiver, **changes),)), wireless), Deny)


def test_an_exception_loosens_the_baseline_and_not_the_tenants_own_rules() -> None:
    waiver = a_waiver(origins=frozenset({Origin.INTERNET}), segments=frozenset({Segment.UNKNOWN}))
    office_only = Restrictions(origins=frozenset({Origin.OFFICE}))
    strict = rules_in(RESIDENT, waivers=(waiver,), restrictions=office_only)
    assert isinstance(ask(strict, AT_HOME, approved_until=TODAY), Deny)


def test_what_is_approved_for_a_disaster_counts_in_that_mode_and_then_against_hours_too() -> None:
    night = Hours(opens=MORNING.time(), closes=(MORNING + timedelta(minutes=1)).time(), on_closed_days=True)
    waiver = a_waiver(for_mode=Mode.BCP, without_approval_from=HOME, outside_hours=True)
    rules = rules_in(LGWAN, waivers=(waiver,), restrictions=Restrictions(hours=night))
    assert isinstance(ask(rules, AT_HOME), Deny)
    assert isinstance(ask(rules, AT_HOME, mode=Mode.BCP), Allow)


def test_nothing_crosses_by_the_baseline_until_an_exception_names_it() -> None:
    generous = Grants(clipboard_in=True, file_out=True, audio_out=True)
    rules = replace(rules_in(LGWAN), grants=generous)
    decision = may_open(open_facts(), rules)
    assert isinstance(decision, Allow)
    assert decision.grants == Grants()
    excepted = replace(rules, waivers=(a_waiver(grants=frozenset({GrantName.CLIPBOARD_IN})),))
    loosened = may_open(open_facts(), excepted)
    assert isinstance(loosened, Allow)
    tonight = loosened.grants.ends_at
    assert tonight is not None
    assert tonight.isoformat() == "2026-04-02T00:00:00+09:00", "what rests on an exception ends with it"
    assert loosened.grants == Grants(clipboard_in=True, ends_at=tonight)


def test_the_end_of_hours_and_of_an_approval_go_into_the_grants() -> None:
    hours = Hours(opens=MORNING.time(), closes=(MORNING + timedelta(hours=2)).time(), on_closed_days=True)
    tokyo = MORNING + timedelta(hours=9)
    hours = replace(hours, opens=tokyo.time(), closes=(tokyo + timedelta(hours=2)).time())
    decision = ask(
        rules_in(LGWAN, restrictions=Restrictions(hours=hours, idle_limit_s=60)), AT_HOME, approved_until=TODAY
    )
    assert isinstance(decision, Allow)
    assert decision.grants.ends_at == MORNING + timedelta(hours=2)
    assert decision.grants.idle_limit_s == 60
    until_midnight = ask(rules_in(LGWAN), AT_HOME, approved_until=TODAY)
    assert isinstance(until_midnight, Allow)
    assert until_midnight.grants.ends_at is not None
    assert until_midnight.grants.ends_at.isoformat() == "2026-04-02T00:00:00+09:00"


def test_a_profile_names_its_version_and_source_and_is_read_strictly() -> None:
    baseline = shipped_baseline()
    assert baseline.version == "2025"
    assert "ガイドライン" in baseline.source
    text = 'version = "x"\ntitle = "t"\nsource = "s"\n[zones]\n[other]\n'
    assert parse_baseline(text, "own.toml").version == "x"
    for wrong, said in [
        (text + 'orgins = ["office"]', "orgins"),
        (text + "origins = []", "other.origins"),
        (text.replace('"s"', '"a\\u202eb"'), "control"),
        ("version = ", "own.toml"),
    ]:
        with pytest.raises(ConfigurationError, match=said):
            parse_baseline(wrong, "own.toml")
    with pytest.raises(ConfigurationError, match="2025"):
        shipped_baseline("1999")


def test_a_waiver_for_the_shared_pool_does_not_count_for_another() -> None:
    waiver = a_waiver(pools=frozenset({SHARED}), grants=frozenset({GrantName.PRINT_OUT}))
    rules = replace(rules_in(LGWAN, waivers=(waiver,)), grants=Grants(print_out=True))
    allowed = may_open(open_facts(), rules)
    assert isinstance(allowed, Allow)
    assert allowed.grants.print_out
    elsewhere = may_open(open_facts(), replace(rules, pool_id=PoolId("another")))
    assert isinstance(elsewhere, Allow)
    assert not elsewhere.grants.print_out
