"""The form in which the rules of a pool or a tenant are changed. What it does not show stays as it was. Pure."""

from collections.abc import Mapping
from datetime import time
from typing import Final

import msgspec

from broker.model.kinds import DeviceKind, Origin, Segment
from broker.model.rules import Hours, Restrictions, RuleSet
from web.choices import checked, names_in, ticks
from web.forms import parse_number

_MINUTE_S: Final = 60
_MOST: Final = 1_000_000


class WrongField(msgspec.Struct, frozen=True):
    """The name of a field that does not read, or can't be meant so."""

    name: str


def fields_of(rules: RuleSet) -> dict[str, str]:
    """The form as it shows these rules."""
    asked = rules.restrictions
    fields = ticks("segment", asked.segments or ()) | ticks("device", asked.devices or ())
    fields |= ticks("origin", (asked.origins if rules.origins is None else rules.origins) or ())
    fields |= {"groups": "\n".join(sorted(rules.groups or ()))}
    fields |= {"days_per_week": _text(asked.days_per_week), "max_sessions": _text(asked.max_sessions)}
    fields |= {"step_up_min": _text(None if asked.step_up_s is None else -(-asked.step_up_s // _MINUTE_S))}
    hours = asked.hours or Hours()
    fields |= {"opens": f"{hours.opens:%H:%M}", "closes": f"{hours.closes:%H:%M}"}
    fields |= {name: "on" for name in ("closes_for_lunch", "on_closed_days") if getattr(hours, name)}
    return fields | ({"hours": "on"} if asked.hours is not None else {})


def read_rules(fields: Mapping[str, str], before: RuleSet) -> RuleSet | WrongField:
    """The rules that the form asks for, made from those before."""
    numbers: dict[str, int | None] = {}
    for name in ("days_per_week", "max_sessions", "step_up_min"):
        text = fields.get(name, "").strip()
        number = numbers[name] = parse_number(text) if text else None
        if text and (number is None or number > _MOST):
            return WrongField(name)
    hours = _read_hours(fields, before.restrictions.hours)
    if isinstance(hours, WrongField):
        return hours
    origins = checked(fields, "origin", Origin)
    restrictions = msgspec.structs.replace(
        before.restrictions,
        segments=checked(fields, "segment", Segment) or None,
        devices=checked(fields, "device", DeviceKind) or None,
        hours=hours,
        days_per_week=numbers["days_per_week"],
        max_sessions=numbers["max_sessions"],
        step_up_s=_step_up(numbers["step_up_min"], before.restrictions),
    )
    if before.origins is None:
        return RuleSet(restrictions=msgspec.structs.replace(restrictions, origins=origins or None))
    return RuleSet(restrictions=restrictions, groups=names_in(fields.get("groups", "")), origins=origins)


def _step_up(minutes: int | None, before: Restrictions) -> int | None:
    """Seconds; those of before where the form shows the same minutes."""
    if minutes is None:
        return None
    if before.step_up_s is not None and -(-before.step_up_s // _MINUTE_S) == minutes:
        return before.step_up_s
    return minutes * _MINUTE_S


def _read_hours(fields: Mapping[str, str], before: Hours | None) -> Hours | WrongField | None:
    if "hours" not in fields:
        return None
    times: dict[str, time] = {}
    for name in ("opens", "closes"):
        try:
            times[name] = time.fromisoformat(fields.get(name, ""))
        except ValueError:
            return WrongField(name)
        if times[name].tzinfo is not None:
            return WrongField(name)
    hours = msgspec.structs.replace(
        before or Hours(),
        **times,
        closes_for_lunch="closes_for_lunch" in fields,
        on_closed_days="on_closed_days" in fields,
    )
    if hours.opens >= hours.closes:
        return WrongField("hours")
    if hours.closes_for_lunch and not hours.opens < hours.lunch_from < hours.lunch_to < hours.closes:
        return WrongField("closes_for_lunch")
    return hours


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
