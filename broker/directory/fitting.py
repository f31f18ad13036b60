"""What of a page can be kept: one entry that no database takes must not keep everybody else out of the list. Pure."""

from typing import Final

import msgspec

from broker.model.directory import ListedGroup, ListedPerson
from broker.model.text import clean_text, is_unseen
from broker.ports import DirectoryPage

_MAX_ID: Final = 1000
_MAX_LOGIN: Final = 128
"""Nobody signs in by a longer one."""
_MAX_NAME: Final = 256


def fit_page(page: DirectoryPage) -> DirectoryPage:
    """Names are cut and lose what can't be seen. What tells entries apart (ids, logins, names of groups) is never
    changed, or one would pass for another: such an entry is left out."""
    return DirectoryPage(
        people=tuple(_fit_person(person) for person in page.people if _is_told_apart(person.entry_id, person.login)),
        groups=tuple(group for group in page.groups if _is_group(group)),
    )


def _fit_person(person: ListedPerson) -> ListedPerson:
    return msgspec.structs.replace(
        person,
        display_name=clean_text(person.display_name, _MAX_NAME) or person.login,
        department=clean_text(person.department, _MAX_NAME),
        groups=frozenset(name for name in person.groups if _is_plain(name, _MAX_NAME)),
    )


def _is_group(group: ListedGroup) -> bool:
    return _is_plain(group.entry_id, _MAX_ID) and _is_plain(group.name, _MAX_NAME)


def _is_told_apart(entry_id: str, login: str) -> bool:
    return _is_plain(entry_id, _MAX_ID) and _is_plain(login, _MAX_LOGIN)


def _is_plain(text: str, most: int) -> bool:
    return len(text) <= most and not any(is_unseen(sign) for sign in text)
