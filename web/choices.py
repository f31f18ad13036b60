"""Lists of choices in forms: one box for each word, ``origin-office`` and so on. Pure."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

WordT = TypeVar("WordT", bound=StrEnum)
_GAPS = re.compile(r"[\s,、，]+")


def checked(fields: Mapping[str, str], name: str, words: type[WordT]) -> frozenset[WordT]:
    """The words whose boxes are ticked."""
    return frozenset(word for word in words if f"{name}-{word}" in fields)


def ticks(name: str, words: Iterable[str]) -> dict[str, str]:
    """The fields of ticked boxes."""
    return {f"{name}-{word}": "on" for word in words}


def names_in(text: str) -> frozenset[str]:
    """Names that somebody typed one after another, with commas, spaces or lines between them."""
    return frozenset(name for name in _GAPS.split(text) if name)
