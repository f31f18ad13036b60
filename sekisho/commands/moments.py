"""Days and times on the command line, refused where they are typed."""

from datetime import date, datetime
from typing import Final

import click


class DayType(click.ParamType[str]):
    """A day such as ``2027-03-31``."""

    name = "day"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_day(value):
            self.fail(f"{value!r} is no day such as 2027-03-31", param, ctx)
        return value


class MomentType(click.ParamType[str]):
    """A time with its zone such as ``2026-04-03T17:15+09:00``. Nothing typed stays nothing."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            is_moment = not value or datetime.fromisoformat(value).utcoffset() is not None
        except ValueError:
            is_moment = False
        if not is_moment:
            self.fail(f"{value!r} is no time with its zone such as 2026-04-03T17:15+09:00", param, ctx)
        return value


DAY: Final = DayType()
MOMENT: Final = MomentType()


def is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
