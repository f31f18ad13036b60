"""What virtual browsers did, on its way to the broker."""

from broker.model.ids import DesktopId
from pools.agent.visits import AT_ONCE, Visits
from pools.egress.model import Refusal, Report

D1 = DesktopId("d1")


def test_they_go_oldest_first_and_a_bounded_part_at_a_time() -> None:
    visits = Visits()
    for number in range(AT_ONCE + 3):
        visits.add(D1, Report(host=f"h{number}.jp", port=443, refusal=Refusal.NOT_LISTED))
    first, rest = visits.take(), visits.take()
    assert [visit.host for visit in first] == [f"h{number}.jp" for number in range(AT_ONCE)]
    assert [visit.host for visit in rest] == [f"h{number}.jp" for number in range(AT_ONCE, AT_ONCE + 3)]
    assert {visit.refusal for visit in first} == {"not_listed"}
    assert visits.take() == []


def test_while_the_broker_is_away_only_so_many_are_kept() -> None:
    visits = Visits()
    for number in range(20_000):
        visits.add(D1, Report(host=f"h{number}.jp", port=443))
    held = 0
    while batch := visits.take():
        held += len(batch)
    assert held == 5000


def test_a_proxy_that_lies_about_a_name_breaks_no_line() -> None:
    visits = Visits()
    visits.add(D1, Report(host="x" * 100_000, port=443))
    assert len(visits.take()[0].host) == 253
