"""An address stands in one place behind an entrance, or in none; what can't hold is refused with its path."""

from typing import Any

import msgspec
import pytest

from broker.model.entrances import EntranceRules
from broker.model.kinds import DeviceKind, Origin, Segment
from broker.model.place import Place
from broker.policy.entrances import find_place, refusals_of_entrances

OFFICE: dict[str, Any] = {
    "id": "office",
    "origin": "office",
    "segment": "wired",
    "device": "managed",
    "public_url": "https://portal.city.lg.jp",
    "tunnel_url": "wss://portal.city.lg.jp/tunnel",
    "sources": [
        {"ranges": ["10.1.0.0/16", "2001:db8:1::/48"]},
        {"ranges": ["10.2.0.0/16"], "origin": "satellite", "segment": "wireless"},
    ],
}


def entrance(**changes: object) -> EntranceRules:
    return msgspec.convert(OFFICE | changes, EntranceRules)


def refusals(*entrances: EntranceRules) -> list[tuple[str, str]]:
    return [(refusal.path, refusal.why) for refusal in refusals_of_entrances("$.entrances", entrances, "portal")]


def only_refusal(*entrances: EntranceRules) -> tuple[str, str]:
    found = refusals(*entrances)
    assert len(found) == 1, found
    return found[0]


def test_a_range_tells_origin_and_line_and_everything_else_is_nowhere() -> None:
    office = entrance()
    assert refusals(office) == []
    here = Place(origin=Origin.OFFICE, segment=Segment.WIRED, device=DeviceKind.MANAGED)
    assert find_place(office, "10.1.255.255") == here
    assert find_place(office, "2001:db8:1::7") == here
    branch = find_place(office, "10.2.0.1")
    assert branch == msgspec.structs.replace(here, origin=Origin.SATELLITE, segment=Segment.WIRELESS)
    for address in ("10.3.0.0", "10.0.255.255", "2001:db8:2::1", "203.0.113.9"):
        assert find_place(office, address) is None


def test_an_entrance_without_ranges_vouches_for_everybody_behind_it() -> None:
    assert find_place(entrance(sources=[]), "203.0.113.9") == entrance().place


@pytest.mark.parametrize("text", ["10.1.0.1/16", "10.1.0.0/33", "ten", "", "10.1.0.0/16 ", "fe80::1%eth0"])
def test_what_is_no_range_is_named(text: str) -> None:
    path, why = only_refusal(entrance(sources=[{"ranges": ["10.9.0.0/16", text]}]))
    assert path == "$.entrances[0].sources[0].ranges[1]"
    assert "not a range of addresses" in why


def test_a_list_without_a_range_is_refused() -> None:
    path, _ = only_refusal(entrance(sources=[{"ranges": []}]))
    assert path == "$.entrances[0].sources[0].ranges"


@pytest.mark.parametrize("everything", ["0.0.0.0/0", "::/0"])
def test_everything_is_the_internet_and_nothing_else(everything: str) -> None:
    internet = entrance(origin="internet", sources=[{"ranges": [everything]}])
    assert refusals(internet) == []
    path, why = only_refusal(entrance(sources=[{"ranges": [everything]}]))
    assert path == "$.entrances[0].sources[0].ranges[0]"
    assert "contains every address" in why
    path, _ = only_refusal(entrance(origin="internet", sources=[{"ranges": [everything], "origin": "office"}]))
    assert path == "$.entrances[0].sources[0].ranges[0]"


def test_overlapping_ranges_with_one_answer_hold_and_with_two_are_refused() -> None:
    assert (
        refusals(entrance(sources=[{"ranges": ["10.1.0.0/16"]}, {"ranges": ["10.1.2.0/24"], "origin": "office"}])) == []
    )
    path, why = only_refusal(
        entrance(sources=[{"ranges": ["10.1.0.0/16"]}, {"ranges": ["10.1.2.0/24"], "origin": "satellite"}])
    )
    assert path == "$.entrances[0].sources[1].ranges[0]"
    assert "overlaps 10.1.0.0/16 ($.entrances[0].sources[0].ranges[0])" in why


def test_two_entrances_have_two_names_and_two_addresses() -> None:
    other = entrance(id="internet", public_url="https://home.city.lg.jp/", tunnel_url="wss://home.city.lg.jp/tunnel")
    assert refusals(entrance(), other) == []
    assert only_refusal(entrance(), msgspec.structs.replace(other, id="office"))[0] == "$.entrances[1].id"
    found = refusals(entrance(), entrance(id="second", public_url="https://portal.city.lg.jp/"))
    assert [path for path, _ in found] == ["$.entrances[1].public_url", "$.entrances[1].tunnel_url"]


@pytest.mark.parametrize("name", ["portal", "Office", "", "a b", "closed:sim"])
def test_a_name_that_no_certificate_could_carry_is_refused(name: str) -> None:
    assert only_refusal(entrance(id=name))[0] == "$.entrances[0].id"


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"public_url": "http://portal.city.lg.jp"}, "public_url"),
        ({"public_url": "https://portal.city.lg.jp/path"}, "public_url"),
        ({"public_url": "https://me:secret@portal.city.lg.jp"}, "public_url"),
        ({"public_url": "https://portal.city.lg.jp:99999"}, "public_url"),
        ({"public_url": "https://portal.city.lg.jp } or { always_true"}, "public_url"),
        ({"public_url": 'https://portal.city.lg.jp"'}, "public_url"),
        ({"public_url": "https://portal.city.lg.jp\n    http-request allow"}, "public_url"),
        ({"public_url": "https://portal.city.lg.jp#\n"}, "public_url"),
        ({"tunnel_url": "ws://portal.city.lg.jp/tunnel"}, "tunnel_url"),
        ({"tunnel_url": "wss://portal.city.lg.jp/"}, "tunnel_url"),
        ({"tunnel_url": "wss://gateway.city.lg.jp/tunnel"}, "tunnel_url"),
    ],
)
def test_addresses_that_could_not_work_are_refused(changes: dict[str, str], field: str) -> None:
    assert f"$.entrances[0].{field}" in [path for path, _ in refusals(entrance(**changes))]
