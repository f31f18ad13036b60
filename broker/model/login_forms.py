"""Which directory of a tenant a typed name belongs to, by the form in which it was typed. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from broker.model.text import is_unseen

PLACE: Final = "{login}"
_MAX_FORM: Final = 100


class Route(msgspec.Struct, frozen=True):
    """``directory`` counts from 0 in the order of the settings; ``login`` is what it is asked for."""

    directory: int
    login: str


def why_not(form: str) -> str | None:
    """Why a form can't be one."""
    if form.count(PLACE) != 1:
        return f"{form!r}: must hold {PLACE} exactly once"
    if len(form) > _MAX_FORM or any(is_unseen(sign) or sign.isspace() for sign in form):
        return f"{form!r}: is longer than {_MAX_FORM} characters or holds a space or a control character"
    return None


def is_same_form(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def read_form(form: str, typed: str) -> str | None:
    """The login in a name that was typed in this form, upper and lower case alike; None for another form."""
    head, _, tail = form.partition(PLACE)
    end = len(typed) - len(tail)
    is_read = len(head) < end and is_same_form(typed[: len(head)], head) and is_same_form(typed[end:], tail)
    return typed[len(head) : end] if is_read else None


def write_form(form: str, login: str) -> str:
    return form.replace(PLACE, login)


def find_routes(forms: Sequence[Sequence[str]], typed: str) -> list[Route]:
    """The directories that are asked, in their order: those with the closest form (the most that is fixed in it)."""
    read = [
        (len(form), Route(place, login))
        for place, of_directory in enumerate(forms)
        for form in of_directory
        if (login := read_form(form, typed)) is not None
    ]
    closest = max((length for length, _ in read), default=0)
    found: dict[int, Route] = {}
    for length, route in read:
        if length == closest:
            found.setdefault(route.directory, route)
    return list(found.values())
