"""Business days and business hours of a municipality. Pure.

National holidays are those of the Act on National Holidays (国民の祝日に関する法律) with their substitutes. Public
offices are closed from 29 December to 3 January as well (行政機関の休日に関する法律, article 1).
"""

from datetime import date, datetime, time, timedelta

import jpholiday

from broker.model.rules import Calendar, Hours

_SATURDAY = 5
_LAST_DAY = date(9998, 12, 31)


def is_business_day(day: date, calendar: Calendar) -> bool:
    """Whether the office is open on this day (開庁日)."""
    if day in calendar.open_days:
        return True
    return not (
        day.weekday() >= _SATURDAY or _is_year_end(day) or day in calendar.closed_days or jpholiday.is_holiday(day)
    )


def _is_year_end(day: date) -> bool:
    return (day.month == 12 and day.day >= 29) or (day.month == 1 and day.day <= 3)


def open_until(moment: datetime, hours: Hours, calendar: Calendar) -> datetime | None:
    """The end of the business hours that ``moment`` (in the tenant's time zone) lies in; ``None`` outside of them."""
    if not hours.on_closed_days and not is_business_day(moment.date(), calendar):
        return None
    for begins, ends in spans_of(hours):
        if begins <= moment.time() < ends:
            return datetime.combine(moment.date(), ends, moment.tzinfo)
    return None


def spans_of(hours: Hours) -> tuple[tuple[time, time], ...]:
    """The spans of a day that are open."""
    if hours.closes_for_lunch:
        return (hours.opens, hours.lunch_from), (hours.lunch_to, hours.closes)
    return ((hours.opens, hours.closes),)


def week_of(day: date) -> tuple[date, date]:
    """Monday and Sunday of the week that ``day`` lies in."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def day_after(day: date, moment: datetime) -> datetime:
    """Midnight at the end of ``day``, in the time zone of ``moment``; days beyond the calendar end with it."""
    return datetime.combine(min(day, _LAST_DAY) + timedelta(days=1), time.min, moment.tzinfo)
