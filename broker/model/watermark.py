"""The watermark (透かし): how it looks, and what its text is made of. Pure.

A site writes a template; the broker fills it in for each attachment; the gateway draws the result.
"""

import string
import unicodedata
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec

DEFAULT_TEMPLATE: Final = "{name} {login} {device} {address} {time}"
MAX_TEMPLATE_CHARS: Final = 120
MAX_VALUE_CHARS: Final = 48
MAX_TEXT_CHARS: Final = 300

Percent = Annotated[int, msgspec.Meta(ge=5, le=100)]
Degrees = Annotated[int, msgspec.Meta(ge=-90, le=90)]


class Field(StrEnum):
    """What a template may name. ``time`` is when this attachment began, in the tenant's time zone."""

    NAME = "name"
    LOGIN = "login"
    DEPARTMENT = "department"
    DEVICE = "device"
    ADDRESS = "address"
    ORIGIN = "origin"
    POOL = "pool"
    TIME = "time"


_WHO: Final = frozenset({Field.NAME, Field.LOGIN})


class Density(StrEnum):
    """How close together the text is repeated."""

    SPARSE = "sparse"
    NORMAL = "normal"
    DENSE = "dense"


class OnMissing(StrEnum):
    """What follows when a browser shows that it did not take the watermark: a record, or the end as well."""

    RECORD = "record"
    END = "end"


class WatermarkStyle(msgspec.Struct, frozen=True, kw_only=True):
    """How the text is drawn. ``angle_degrees`` turns it against the clock."""

    opacity_percent: Percent = 20
    angle_degrees: Degrees = 20
    density: Density = Density.NORMAL
    on_missing: OnMissing = OnMissing.RECORD


class TemplateRefused(msgspec.Struct, frozen=True):
    """Why a template can't be used, in words for the person who wrote it."""

    why: str


def refuse_template(template: str) -> TemplateRefused | None:
    """What is wrong with a template, or ``None``."""
    if len(template) > MAX_TEMPLATE_CHARS:
        return TemplateRefused(f"it has {len(template)} characters; at most {MAX_TEMPLATE_CHARS} are drawn")
    if (found := next((each for each in template if is_unprintable(each)), None)) is not None:
        return TemplateRefused(f"U+{ord(found):04X} is a control character; none are drawn")
    pieces = list(_read(template))
    if (refused := next((each for each in pieces if isinstance(each, TemplateRefused)), None)) is not None:
        return refused
    if not _WHO & {each for each in pieces if isinstance(each, Field)}:
        return TemplateRefused("it names nobody; it needs {login} or {name}")
    return None


def fill_template(template: str, values: Mapping[Field, str]) -> str | TemplateRefused:
    """The text for one attachment. Values are brought onto one line; unknown ones are shown as ``-``.

    Spaces inside of a value don't break (U+00A0), so that lines are broken between values.
    """
    if (refused := refuse_template(template)) is not None:
        return refused
    pieces = (_value(values.get(each, "")) if isinstance(each, Field) else str(each) for each in _read(template))
    return "".join(pieces)[:MAX_TEXT_CHARS]


def is_unprintable(character: str) -> bool:
    """Control, format (direction marks too), surrogate, private and unassigned characters, and line breaks."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _value(text: str) -> str:
    shown = "".join(each for each in text if not is_unprintable(each))
    shown = "\N{NO-BREAK SPACE}".join(shown.split())
    return (shown if len(shown) <= MAX_VALUE_CHARS else shown[: MAX_VALUE_CHARS - 1] + "…") or "-"


def _read(template: str) -> Iterator[str | Field | TemplateRefused]:
    """Pieces of a template: text, named fields, and what is neither."""
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError:
        yield TemplateRefused("its braces don't pair; a brace that is meant as such is written twice")
        return
    for text, name, specification, conversion in parsed:
        yield text
        if name is None:
            continue
        if specification or conversion or name not in set(Field):
            known = ", ".join(f"{{{field}}}" for field in Field)
            yield TemplateRefused(f"there is no field {{{name}}}; there are {known}")
        else:
            yield Field(name)
