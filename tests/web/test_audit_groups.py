"""The auditor finds an event under its heading."""

from web.audit_groups import group_events
from web.words import AUDIT_EVENTS


def test_every_event_stands_under_one_heading() -> None:
    groups = group_events(AUDIT_EVENTS)
    listed = [entry for _heading, entries in groups for entry in entries]
    assert sorted(listed) == sorted(AUDIT_EVENTS.items())
    assert max(len(entries) for _heading, entries in groups) <= 30


def test_what_belongs_together_stands_together() -> None:
    heading_of = {code: heading for heading, entries in group_events(AUDIT_EVENTS) for code, _name in entries}
    assert heading_of["exception.rejected"] == heading_of["exception.expired"] == heading_of["policy.rehearsed"]
    assert heading_of["policy.denied"] == heading_of["session.opened"]
    assert heading_of["user.left"] == heading_of["user.locked"]
    assert heading_of["gateway.lost"] == "システムと監査"


def test_an_event_of_tomorrow_is_not_lost() -> None:
    assert group_events({"moon.risen": "月の出"}) == [("システムと監査", [("moon.risen", "月の出")])]
