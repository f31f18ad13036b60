"""Business days and hours of a Japanese city hall."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from broker.model.rules import Calendar, Hours
from broker.policy.calendar import is_business_day, open_until, week_of

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    "day, is_open",
    [
        (date(2026, 4, 1), True),
        (date(2026, 4, 4), False),  # Saturday
        (date(2026, 4, 29), False),  # 昭和の日
        (date(2026, 5, 6), False),  # 振替休日
        (date(2026, 9, 22), False),  # 国民の休日 between two holidays
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2026, 12, 31), False),
        (date(2027, 1, 1), False),
        (date(2027, 1, 4), True),
    ],
)
def test_a_city_hall_is_open_on_business_days(day: date, is_open: bool) -> None:
    assert is_business_day(day, Calendar()) is is_open


def test_a_tenant_has_closed_and_open_days_of_its_own() -> None:
    calendar = Calendar(closed_days=frozenset({date(2026, 4, 1)}), open_days=frozenset({date(2026, 4, 4)}))
    assert not is_business_day(date(2026, 4, 1), calendar)
    assert is_business_day(date(2026, 4, 4), calendar)


@pytest.mark.parametrize(
    "at, until",
    [
        ("08:29:59", None),
        ("08:30:00", "17:15"),
        ("12:30:00", "17:15"),
        ("17:14:59", "17:15"),
        ("17:15:00", None),
    ],
)
def test_hours_open_at_half_past_eight_and_close_at_a_quarter_past_five(at: str, until: str | None) -> None:
    moment = datetime.combine(date(2026, 4, 1), time.fromisoformat(at), TOKYO)
    end = open_until(moment, Hours(), Calendar())
    assert (None if end is None else f"{end:%H:%M}") == until


def test_a_hall_that_closes_for_lunch_has_two_spans() -> None:
    hours = Hours(closes_for_lunch=True)
    day = date(2026, 4, 1)

    def until(hour: int) -> datetime | None:
        return open_until(datetime.combine(day, time(hour), TOKYO), hours, Calendar())

    assert until(11) == datetime.combine(day, time(12), TOKYO)
    assert until(12) is None
    assert until(13) == datetime.combine(day, time(17, 15), TOKYO)


def test_closed_days_are_open_only_where_the_hours_say_so() -> None:
    saturday = datetime(2026, 4, 4, 10, tzinfo=TOKYO)
    assert open_until(saturday, Hours(), Calendar()) is None
    assert open_until(saturday, Hours(on_closed_days=True), Calendar()) is not None


def test_a_week_begins_on_monday() -> None:
    assert week_of(date(2026, 4, 5)) == (date(2026, 3, 30), date(2026, 4, 5))
