"""Ranges of addresses that tell nobody apart are refused."""

import pytest

from broker.policy.ranges import refusals_of_ranges


@pytest.mark.parametrize(
    "ranges, said",
    [
        (["0.0.0.0/0"], "contains every address"),
        (["::/0"], "contains every address"),
        (["10.0.0.0/8", "10.1.0.0/16"], "overlaps 10.0.0.0/8"),
        (["10.1.0.0/16", "10.1.0.0/16"], "overlaps"),
        (["10.0.0.1/8"], "not a range"),
        (["localhost"], "not a range"),
    ],
)
def test_a_bad_range_is_named(ranges: list[str], said: str) -> None:
    refusals = refusals_of_ranges("$.networks", ranges)
    assert said in refusals[0].why
    assert refusals[0].path == f"$.networks[{len(ranges) - 1}]"


def test_ranges_side_by_side_are_in_order() -> None:
    assert refusals_of_ranges("$.networks", ["10.0.0.0/8", "192.168.0.0/16", "fd00::/8"]) == []
